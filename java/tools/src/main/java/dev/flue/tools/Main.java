// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.bindings.Flue;
import dev.flue.bindings.FlueException;
import dev.flue.im.DriverSettings;
import dev.flue.tools.assembly.Cidr;
import dev.flue.tools.config.ConfigOption;
import dev.flue.tools.config.Defaults;
import dev.flue.tools.http.HttpUrl;
import dev.flue.tools.output.LogLine;
import dev.flue.tools.run.ToolException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** The {@code flue} command. Exit codes: 0 all well, 1 failed, 2 wrongly called. */
@Command(
        name = "flue",
        description = "TCP connection offload for the JVM.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.Version.class,
        subcommands = {
            DemoCommand.class,
            ServeCommand.class,
            FetchCommand.class,
            ConnsCommand.class,
            StatCommand.class,
            PortCommand.class,
            ConfigCommand.class,
            DoctorCommand.class,
            BenchCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 all well, 1 failed, 2 wrongly called.",
            "'flue COMMAND --help' tells more. Start with 'flue demo'."
        })
public final class Main implements Runnable {
    /** The commands whose options may be set elsewhere. */
    private static final List<String> CONFIGURED = List.of("demo", "serve", "fetch", "config");

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    public static void main(String[] args) {
        LogLine.install();
        Defaults defaults = Defaults.of(System.getenv(), Path.of(""), args);
        System.exit(execute(commandLine(defaults), args));
    }

    /** The command, ready to {@link #execute}; for tests too. */
    public static CommandLine commandLine(Defaults defaults) {
        CommandLine commandLine = new CommandLine(new Main());
        for (String each : CONFIGURED) {
            commandLine.getSubcommands().get(each).addMixin("config", new ConfigOption());
        }
        ConfigCommand.takeOptions(commandLine);
        commandLine.setDefaultValueProvider(defaults);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.registerConverter(Cidr.class, text -> convert(text, Cidr::parse));
        commandLine.registerConverter(HttpUrl.class, text -> convert(text, HttpUrl::parse));
        commandLine.setExecutionExceptionHandler(Main::failed);
        commandLine.setParameterExceptionHandler(Main::wronglyCalled);
        return commandLine;
    }

    /** What is wrong with the file of defaults comes first, for a command that has some. */
    static int execute(CommandLine commandLine, String... args) {
        Defaults defaults = (Defaults) commandLine.getDefaultValueProvider();
        CommandLine command = args.length == 0 ? null : commandLine.getSubcommands().get(args[0]);
        if (command != null && !defaults.problem().isEmpty() && CONFIGURED.contains(args[0])) {
            return wronglyCalled(new ParameterException(command, defaults.problem()), args);
        }
        return commandLine.execute(args);
    }

    /** Without a command. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static <T> T convert(String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static int failed(Exception e, CommandLine commandLine, ParseResult result) {
        if (e instanceof DriverSettings.Wrong) {
            // A driver of somebody's own: its settings are first looked at when it is made.
            return wronglyCalled(
                    new ParameterException(commandLine, "--drivers: " + e.getMessage()), null);
        }
        PrintWriter err = commandLine.getErr();
        if (e instanceof ToolException || e instanceof FlueException) {
            err.println("flue: " + e.getMessage());
        } else {
            // A defect of ours: the trace is what whoever reports it has to send.
            err.println("flue: internal error, please report it: " + e);
            e.printStackTrace(err);
        }
        err.flush();
        return ExitCode.SOFTWARE;
    }

    private static int wronglyCalled(ParameterException e, String[] args) {
        CommandLine commandLine = e.getCommandLine();
        String help = commandLine.getCommandSpec().qualifiedName() + " --help";
        PrintWriter err = commandLine.getErr();
        String message = firstLine(e.getMessage());
        if (commandLine.getDefaultValueProvider() instanceof Defaults defaults) {
            message += defaults.explain(message, commandLine);
        }
        err.println("flue: " + message + " (see '" + help + "')");
        err.flush();
        return ExitCode.USAGE;
    }

    private static String firstLine(String message) {
        String line = message == null ? "wrongly called" : message.lines().findFirst().orElse("");
        // picocli's word for it; ours is the exit code.
        return line.startsWith("Error: ") ? line.substring("Error: ".length()) : line;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String ours = Main.class.getPackage().getImplementationVersion();
            String engine =
                    Flue.isAvailable()
                            ? "engine " + Flue.version()
                            : "no engine: " + Flue.unavailabilityCause();
            return new String[] {"flue " + (ours == null ? "(unpackaged)" : ours), engine};
        }
    }
}
