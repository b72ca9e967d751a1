// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.inspect.Inspector;
import dev.flue.tools.inspect.StatReport;
import dev.flue.tools.inspect.StatSample;
import dev.flue.tools.run.ToolException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flue stat}: what a running process has counted, and its drivers have measured. */
@Command(
        name = "stat",
        mixinStandardHelpOptions = true,
        description = {
            "Show the counters of a running flue process of this user, its ports with their links"
                    + " and the offloads that their devices offer, and what its drivers tell: a"
                    + " meter (--drivers meter) each connection with what it sent and received and"
                    + " how long its sends took, a shaper what waits in it. Of the engines' passes it"
                    + " tells what share of their time each part takes, and how many cycles of the"
                    + " time stamp counter that is per segment.",
            "Once, or, with --interval, again and again as rates. Times are those since each"
                    + " connection was offloaded. What is zero is left out; --json has all of it, a"
                    + " line each time."
        })
final class StatCommand implements Callable<Integer> {
    private static final double MIN_INTERVAL = 0.1;
    private static final double MAX_INTERVAL = 86_400;
    private static final int MAX_CONNECTIONS = 256;

    @Parameters(
            paramLabel = "PID",
            arity = "0..1",
            description = "The process; needed only when several are running.")
    private Long pid;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = "--xstats",
            description =
                    "Show what the devices of the ports count themselves, too, by the names of their"
                            + " drivers.")
    private boolean xstats;

    @Option(
            names = "--interval",
            paramLabel = "S",
            description = "Print rates, every so many seconds, 0.1 to 86400.")
    private Double interval;

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "So many times; without it until the process ends.")
    private Long count;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "20",
            description =
                    "Connections of each meter, the busiest first, 0 to 256; default"
                            + " ${DEFAULT-VALUE}.")
    private int connections;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        check();
        Inspector inspector = new Inspector();
        Path socket = RunningProcess.choose(inspector, pid, spec.commandLine(), "its number");
        try {
            StatSample last = inspector.stat(socket, xstats);
            if (interval == null) {
                print(new StatReport(last, false, connections));
                return ExitCode.OK;
            }
            for (long i = 0; count == null || i < count; i++) {
                Thread.sleep(Math.round(interval * 1000));
                StatSample now = inspector.stat(socket, xstats);
                print(new StatReport(now.since(last), true, connections));
                last = now;
            }
            return ExitCode.OK;
        } catch (IOException e) {
            throw new ToolException("cannot look into the process: " + e.getMessage(), e);
        }
    }

    private void check() {
        if (interval != null && !(interval >= MIN_INTERVAL && interval <= MAX_INTERVAL)) {
            throw wrong("--interval takes 0.1 to 86400 seconds");
        }
        if (count != null && (interval == null || count < 1)) {
            throw wrong(interval == null ? "--count needs --interval" : "--count takes at least 1");
        }
        if (connections < 0 || connections > MAX_CONNECTIONS) {
            throw wrong("--connections " + connections + " is out of range 0..256");
        }
    }

    private void print(StatReport report) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? report.toJson() : report.toText());
        out.flush();
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
