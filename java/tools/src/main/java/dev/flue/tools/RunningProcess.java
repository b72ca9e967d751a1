// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.tools.inspect.Inspector;
import dev.flue.tools.run.ToolException;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Which running process a command looks into. */
final class RunningProcess {
    private RunningProcess() {}

    /**
     * Its socket.
     *
     * @param pid what the user said; null = the only one
     * @param how the user says which one
     */
    static Path choose(Inspector inspector, Long pid, CommandLine command, String how) {
        Map<Long, Path> processes = inspector.processes();
        if (pid != null) {
            Path socket = processes.get(pid);
            if (socket == null) {
                throw new ToolException("process " + pid + " is no running flue of this user");
            }
            return socket;
        }
        if (processes.isEmpty()) {
            throw new ToolException("no flue process of this user is running");
        }
        if (processes.size() > 1) {
            throw new ParameterException(
                    command,
                    "several flue processes are running, choose one with "
                            + how
                            + ": "
                            + processes.keySet());
        }
        return processes.values().iterator().next();
    }
}
