// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.bindings.Flue;
import dev.flue.tools.output.JsonWriter;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flue doctor}: what works here, what does not, what to do. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = {
            "Show what works on this machine, what does not, and what to do.",
            "Exit code 0 when connections can be offloaded here at all, otherwise 1."
        })
final class DoctorCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        List<Check> checks = new Examination().run();
        PrintWriter out = spec.commandLine().getOut();
        out.println(json ? toJson(checks) : toText(checks));
        out.flush();
        return Flue.isAvailable() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static String toText(List<Check> checks) {
        StringBuilder text = new StringBuilder();
        for (Check check : checks) {
            text.append(String.format("%-4s", check.works() ? "ok" : "no"));
            text.append(String.format("%-15s", check.name())).append(check.detail());
            text.append(System.lineSeparator());
            if (!check.advice().isEmpty()) {
                text.append("                   -> ").append(check.advice());
                text.append(System.lineSeparator());
            }
        }
        return text.append(verdict()).toString();
    }

    private static String verdict() {
        return Flue.isAvailable()
                ? "Connections can be offloaded here; 'flue demo' shows it."
                : "Connections cannot be offloaded here: " + Flue.unavailabilityCause();
    }

    private static String toJson(List<Check> checks) {
        JsonWriter json = new JsonWriter().beginObject();
        json.member("offload", Flue.isAvailable()).name("checks").beginArray();
        for (Check check : checks) {
            json.beginObject().member("name", check.name()).member("works", check.works());
            json.member("detail", check.detail()).member("advice", check.advice()).endObject();
        }
        return json.endArray().endObject().toString();
    }
}
