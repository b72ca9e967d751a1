// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.Link;
import dev.flue.bindings.NativeOffloadTarget;
import dev.flue.bindings.NativePort;
import java.util.List;
import java.util.logging.Logger;

/** Says when the link of a port is lost, and when it is there again; not how it began. */
final class LinkReport {
    private static final Logger LOG = Logger.getLogger(LinkReport.class.getName());

    private final List<NativePort> ports;
    private final List<NativeOffloadTarget> targets;
    private final Link[] told;

    LinkReport(List<NativePort> ports, List<NativeOffloadTarget> targets) {
        this.ports = ports;
        this.targets = targets;
        this.told = new Link[ports.size()];
    }

    /** How much there was to say. */
    int doWork() {
        int said = 0;
        for (int i = 0; i < told.length; i++) {
            Link now = targets.get(i).link();
            if (now != told[i] && (told[i] != null || now == Link.UP)) {
                said += tell(ports.get(i).name(), told[i], now);
                told[i] = now;
            }
        }
        return said;
    }

    private static int tell(String port, Link before, Link now) {
        if (before == null) {
            return 0;
        }
        LOG.warning(
                "port "
                        + port
                        + switch (now) {
                            case UP -> ": its link is up again";
                            case DOWN -> ": its link is down";
                            case GONE ->
                                    ": its interface was deleted; start again to have one of that"
                                            + " name";
                        });
        return 1;
    }
}
