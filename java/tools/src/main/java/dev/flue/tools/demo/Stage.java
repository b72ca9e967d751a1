// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.host.UserHostStack;
import dev.flue.tools.assembly.Cidr;
import dev.flue.tools.run.Turn;
import java.util.List;

/** Two host stacks that reach each other, and what turns them. */
interface Stage extends AutoCloseable {
    /** Addresses of the client, of both versions of IP. */
    List<Cidr> CLIENT = List.of(Cidr.parse("198.18.0.1/24"), Cidr.parse("2001:db8::1/64"));

    /** Addresses of the server, of both versions of IP. */
    List<Cidr> SERVER = List.of(Cidr.parse("198.18.0.2/24"), Cidr.parse("2001:db8::2/64"));

    UserHostStack client();

    UserHostStack server();

    /** To be turned, in this order. */
    List<Turn> parts();

    /** Connections are offloaded here. */
    boolean offloads();

    /** Takes everything back to the host stacks; false = not all of it, for lack of time. */
    boolean giveBack();

    /** Gives everything back and frees it. */
    @Override
    void close();
}
