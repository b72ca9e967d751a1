// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.config;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/**
 * Where defaults come from; read before anything else of the command line is ({@link Defaults}).
 */
public final class ConfigOption {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "File of defaults; default: flue.properties in the current directory, if there"
                            + " is one. 'flue config' shows what is in force.")
    Path file;
}
