// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.im.Breach;
import java.io.PrintWriter;
import java.util.function.Consumer;
import picocli.CommandLine.ExitCode;

/** Prints and counts what the verifiers among the drivers find, a line each. */
public final class Breaches implements Consumer<Breach> {
    private final PrintWriter err;
    private int count;

    /**
     * @param err where the lines go
     */
    public Breaches(PrintWriter err) {
        this.err = err;
    }

    @Override
    public void accept(Breach breach) {
        count++;
        String object = breach.object().isEmpty() ? "" : "; " + breach.object();
        err.println(
                "flue: breach of "
                        + breach.rule()
                        + " at "
                        + breach.driver()
                        + ": "
                        + breach.sentence()
                        + object);
        err.flush();
    }

    public int count() {
        return count;
    }

    /** For the end of a summary, ", 2 breaches"; "" when there was none. */
    public String summary() {
        return count == 0 ? "" : ", " + count + (count == 1 ? " breach" : " breaches");
    }

    /** What a command that found them ends with. */
    public int exitCode() {
        return count == 0 ? ExitCode.OK : ExitCode.SOFTWARE;
    }
}
