// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.inspect.Inspector;
import dev.flue.tools.run.ToolException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flue conns}: the connections of a running process. */
@Command(
        name = "conns",
        mixinStandardHelpOptions = true,
        description = {
            "Show every connection of a running flue process of this user.",
            "Whether it is offloaded or why not, its tokens, TCP state and counts; with --json"
                    + " also what the process holds and has counted."
        })
final class ConnsCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = "--pid",
            paramLabel = "PID",
            description = "The process; needed only when several are running.")
    private Long pid;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        Inspector inspector = new Inspector();
        Path socket = RunningProcess.choose(inspector, pid, spec.commandLine(), "--pid");
        try {
            PrintWriter out = spec.commandLine().getOut();
            out.print(inspector.ask(socket, json ? "conns json" : "conns text"));
            out.flush();
            return ExitCode.OK;
        } catch (IOException e) {
            throw new ToolException("cannot look into the process: " + e.getMessage(), e);
        }
    }
}
