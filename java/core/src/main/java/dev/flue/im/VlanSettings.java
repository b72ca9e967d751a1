// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * What a face of a {@link VlanDriver} is to do.
 *
 * @param id VLAN, 1..4094; 0 = frames without a tag, or, with a priority, with a priority tag
 * @param priority 802.1p, 0..7, of frames, and of connections for which the host names none
 * @param frames ordinary frames with a tag that are below at a time, 1..65536, of all faces of a
 *     driver together; more are dropped
 */
public record VlanSettings(int id, int priority, int frames) {
    /** The largest VLAN id: 4095 is reserved. */
    public static final int MAX_ID = 4094;

    /** The largest priority. */
    public static final int MAX_PRIORITY = 7;

    /** The largest number of frames. */
    public static final int MAX_FRAMES = 65_536;

    /** Frames of a driver that was told nothing else. */
    public static final int DEFAULT_FRAMES = 1024;

    /**
     * @throws IllegalArgumentException a value is out of range
     */
    public VlanSettings {
        check("VLAN id", id, 0, MAX_ID);
        check("priority", priority, 0, MAX_PRIORITY);
        check("frames", frames, 1, MAX_FRAMES);
    }

    /** This VLAN, no priority. */
    public static VlanSettings of(int id) {
        return new VlanSettings(id, 0, DEFAULT_FRAMES);
    }

    /** Tag control information of a frame; 0 = it has no tag. DEI is always 0. */
    int tag() {
        return priority << 13 | id;
    }

    private static void check(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " " + value + " is out of range " + least + ".." + most);
        }
    }
}
