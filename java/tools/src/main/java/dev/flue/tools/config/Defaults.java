// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.config;

import dev.flue.tools.assembly.DriverDefaults;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * What options are when the command line says nothing: the environment says it, else a file, else
 * the option itself.
 */
public final class Defaults implements IDefaultValueProvider, DriverDefaults {
    /** The file that is read when no other one is named. */
    public static final String FILE = "flue.properties";

    private final Map<String, String> environment;
    private final ConfigFile file;
    private final String problem;

    /**
     * A value, and who says so.
     *
     * @param origin {@code environment FLUE_MTU} or {@code flue.properties:3}
     */
    public record Value(String text, String origin) {}

    /** The part of a command line that has to be known before the rest is read. */
    @Command(mixinStandardHelpOptions = true)
    private static final class Ahead {
        @Mixin private ConfigOption config;
    }

    private Defaults(Map<String, String> environment, ConfigFile file, String problem) {
        this.environment = environment;
        this.file = file;
        this.problem = problem;
    }

    /** Nobody says anything. */
    public static Defaults none() {
        return new Defaults(Map.of(), ConfigFile.empty(), "");
    }

    /**
     * @param environment variables, by name
     * @param directory where a file lies that nobody named
     * @param args the command line, looked at for {@code --config} alone; whoever only wants help
     *     gets it without a file
     */
    public static Defaults of(Map<String, String> environment, Path directory, String... args) {
        Ahead ahead = new Ahead();
        try {
            ParseResult result =
                    new CommandLine(ahead).setUnmatchedArgumentsAllowed(true).parseArgs(args);
            if (result.isUsageHelpRequested() || result.isVersionHelpRequested()) {
                return none();
            }
        } catch (CommandLine.ParameterException e) {
            // --config without a value: the command will say so.
            return none();
        }
        Path named = ahead.config.file;
        Path path = named == null ? directory.resolve(FILE) : named;
        try {
            boolean there = named != null || Files.exists(path);
            return new Defaults(
                    environment, there ? ConfigFile.read(path) : ConfigFile.empty(), "");
        } catch (ConfigFile.Broken e) {
            return new Defaults(environment, ConfigFile.empty(), e.getMessage());
        }
    }

    /** What is wrong with the file, in a sentence; "" when nothing is. */
    public String problem() {
        return problem;
    }

    /** Null: neither environment nor file has this property. */
    public Value find(String property) {
        String variable = Setting.variable(property);
        String text = environment.get(variable);
        if (text != null && !text.isBlank()) {
            return new Value(text.strip(), "environment " + variable);
        }
        text = file.value(property);
        return text == null || text.isEmpty() ? null : new Value(text, file.origin(property));
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option)) {
            return null;
        }
        for (Setting each : Setting.all()) {
            if (List.of(option.names()).contains(each.option())) {
                Value value = find(each.property());
                return value == null ? null : value.text();
            }
        }
        return null;
    }

    @Override
    public String of(String driver, String key) {
        Value value = find(Setting.of(driver, key));
        return value == null ? null : value.text();
    }

    /**
     * Where the values come from that a message names by their option: "; --mtu is that of
     * flue.properties:3", or "".
     */
    public String explain(String message, CommandLine commandLine) {
        ParseResult flags = commandLine.getParseResult();
        StringBuilder text = new StringBuilder();
        for (Setting each : Setting.all()) {
            Value value = find(each.property());
            boolean named =
                    !each.option().isEmpty()
                            && message.matches(".*" + each.option() + "(?![-\\w]).*");
            boolean flag = flags != null && flags.hasMatchedOption(each.option());
            if (named && !flag && value != null) {
                text.append("; ").append(each.option()).append(" is that of ");
                text.append(value.origin());
            }
        }
        return text.toString();
    }
}
