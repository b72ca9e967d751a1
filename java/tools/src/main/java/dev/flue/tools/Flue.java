package dev.flue.tools;

import dev.flue.jni.global.flue;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The {@code flue} command. */
@Command(
        name = "flue",
        description = "TCP connection offload for the JVM",
        mixinStandardHelpOptions = true,
        versionProvider = Flue.Version.class)
public final class Flue {

    @Spec private CommandSpec spec;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Flue()).execute(args));
    }

    /** Shows that the native library is found and can be called. */
    @Command(description = "Show that the native engine loads")
    int demo() {
        PrintWriter out = spec.commandLine().getOut();
        out.println("flue: native engine " + flue.flue_version().getString());
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"flue " + flue.flue_version().getString()};
        }
    }
}
