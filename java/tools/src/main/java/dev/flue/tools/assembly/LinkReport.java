// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import java.util.List;
import java.util.logging.Logger;

/** Says when the link of a port is lost, and when it is there again; not how it began. */
final class LinkReport {
    private static final Logger LOG = Logger.getLogger(LinkReport.class.getName());

    private final List<PortDevice> devices;
    private final String[][] told;

    LinkReport(List<PortDevice> devices) {
        this.devices = devices;
        this.told = new String[devices.size()][];
        for (int i = 0; i < told.length; i++) {
            told[i] = new String[devices.get(i).slots().size()];
        }
    }

    /** How much there was to say. */
    int doWork() {
        int said = 0;
        for (int i = 0; i < told.length; i++) {
            for (int queue = 0; queue < told[i].length; queue++) {
                said += look(devices.get(i), queue, told[i]);
            }
        }
        return said;
    }

    private static int look(PortDevice device, int queue, String[] last) {
        String now = device.link(queue);
        String before = last[queue];
        if (now.equals(before) || before == null && !now.equals("up")) {
            return 0;
        }
        last[queue] = now;
        return before == null ? 0 : tell(device.name(queue), before, now);
    }

    private static int tell(String port, String before, String now) {
        LOG.warning(
                "port "
                        + port
                        + switch (now) {
                            case "up" ->
                                    before.equals("down")
                                            ? ": its link is up again"
                                            : ": it is there again";
                            case "down" -> ": its link is down";
                            case "gone" ->
                                    ": its interface was deleted, or its device is gone; it is taken"
                                            + " again when it is back";
                            default -> ": it was removed";
                        });
        return 1;
    }
}
