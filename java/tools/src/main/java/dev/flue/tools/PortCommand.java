// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.inspect.Inspector;
import dev.flue.tools.run.ToolException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flue port}: takes a port of a running process away, and gives it back. */
@Command(
        name = "port",
        mixinStandardHelpOptions = true,
        description = {
            "Remove a port of a running flue process of this user, or add it again.",
            "What is offloaded there is given back first, and goes on over the other ports of a"
                    + " team, or waits. Returns when it is done, after 10 s at most.",
            "'flue stat' shows the ports."
        })
final class PortCommand implements Callable<Integer> {
    /** What is to be done with it. */
    enum Verb {
        ADD,
        REMOVE
    }

    @Parameters(index = "0", paramLabel = "add|remove", description = "What to do.")
    private Verb verb;

    @Parameters(
            index = "1",
            paramLabel = "NAME",
            description = "The port, as --tap or --port names it, or its interface.")
    private String name;

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
        String answer;
        try {
            String words = "port " + (verb == Verb.ADD ? "add " : "remove ") + name;
            answer = inspector.ask(socket, words).strip();
        } catch (IOException e) {
            throw new ToolException("cannot reach the process: " + e.getMessage(), e);
        }
        if (!answer.equals("done")) {
            throw new ToolException(answer);
        }
        return ExitCode.OK;
    }
}
