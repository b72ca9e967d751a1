// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.config.Defaults;
import dev.flue.tools.config.Setting;
import dev.flue.tools.output.JsonWriter;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code flue config}: what is in force, and who says so. */
@Command(
        name = "config",
        mixinStandardHelpOptions = true,
        description = {
            "Show the value of each setting, and where it comes from: a flag, the environment, a"
                    + " line of a file, or the default.",
            "Takes the options of the other commands. The values are not checked."
        })
final class ConfigCommand implements Callable<Integer> {
    private static final String FLAG = "flag";
    private static final String DEFAULT = "default";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec private CommandSpec spec;

    private record Line(String property, String value, String origin) {}

    /** Gives the command the options of its siblings that can be set elsewhere. */
    static void takeOptions(CommandLine flue) {
        CommandSpec own = flue.getSubcommands().get("config").getCommandSpec();
        for (Setting setting : Setting.all()) {
            OptionSpec option = find(flue, setting.option());
            if (option != null) {
                own.addOption(
                        OptionSpec.builder(option.names())
                                .type(option.isMultiValue() ? List.class : String.class)
                                .auxiliaryTypes(String.class)
                                .splitRegex(option.splitRegex())
                                .arity(option.arity().toString())
                                .fallbackValue(option.fallbackValue())
                                .defaultValue(option.defaultValue())
                                .paramLabel(option.paramLabel())
                                .description(option.description())
                                .build());
            }
        }
    }

    private static OptionSpec find(CommandLine flue, String name) {
        for (CommandLine each : flue.getSubcommands().values()) {
            OptionSpec option = each.getCommandSpec().findOption(name);
            if (option != null && !name.isEmpty()) {
                return option;
            }
        }
        return null;
    }

    @Override
    public Integer call() {
        List<Line> lines = new ArrayList<>();
        Setting.all().forEach(each -> lines.add(line(each)));
        PrintWriter out = spec.commandLine().getOut();
        out.println(json ? toJson(lines) : toText(lines));
        out.flush();
        return ExitCode.OK;
    }

    private Line line(Setting setting) {
        ParseResult flags = spec.commandLine().getParseResult();
        if (!setting.option().isEmpty() && flags.hasMatchedOption(setting.option())) {
            List<String> given = flags.matchedOption(setting.option()).stringValues();
            return new Line(setting.property(), String.join(",", given), FLAG);
        }
        Defaults.Value value =
                spec.defaultValueProvider() instanceof Defaults defaults
                        ? defaults.find(setting.property())
                        : null;
        if (value != null) {
            return new Line(setting.property(), value.text(), value.origin());
        }
        String otherwise = setting.otherwise();
        if (!setting.option().isEmpty()) {
            otherwise = spec.findOption(setting.option()).defaultValue();
        }
        return new Line(setting.property(), otherwise == null ? "" : otherwise, DEFAULT);
    }

    private static String toText(List<Line> lines) {
        int widest = lines.stream().mapToInt(each -> each.value.length()).max().orElse(0);
        StringBuilder text = new StringBuilder();
        for (Line each : lines) {
            text.append(text.length() == 0 ? "" : System.lineSeparator());
            String format = "%-22s  %-" + Math.max(1, Math.min(widest, 40)) + "s  %s";
            text.append(String.format(format, each.property, each.value, each.origin));
        }
        return text.toString();
    }

    private static String toJson(List<Line> lines) {
        JsonWriter json = new JsonWriter().beginObject().name("settings").beginArray();
        for (Line each : lines) {
            json.beginObject().member("property", each.property).member("value", each.value);
            json.member("origin", each.origin).endObject();
        }
        return json.endArray().endObject().toString();
    }
}
