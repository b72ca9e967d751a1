// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/** Whether frames can pass at a port. */
public enum Link {
    UP,
    DOWN,
    /** The device was taken away: this port's link does not come back. */
    GONE;

    /** Of what flue_port_link() says. */
    static Link of(int state) {
        return state > 0 ? UP : state == 0 ? DOWN : GONE;
    }
}
