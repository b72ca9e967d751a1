// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.host;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.UserHostStack;
import dev.flue.host.tcp.RssHash;
import dev.flue.im.TeamDriver;
import dev.flue.offload.StatusIndication;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.http.HttpServer;
import dev.flue.tools.inspect.InspectServer;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.Shutdown;
import dev.flue.tools.run.Turn;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongPredicate;

/**
 * A process with Flue's TCP: listens on every port of {@link Services}, and runs clients that its
 * standard input asks for, a line each ("send 198.18.0.1 1048576"). It says on standard output what
 * happened; {@code flue conns} sees it. It leaves on SIGTERM, or at the end of its input.
 */
public final class HostProgram implements Turn {
    private static final int BACKLOG = 1024;
    private static final int HTTP = 8080;
    private static final int ASK_AGAIN = 64;
    private static long moves;

    private final Assembly assembly;
    private final Queue<String> commands;
    private final long moveEvery;
    private final long roamEvery;
    private long movedBefore;
    private int asked;
    private final List<LongPredicate> turns = new ArrayList<>();
    private final Set<Object> closed = new HashSet<>();

    private HostProgram(Settings settings, Assembly assembly, Queue<String> commands) {
        this.assembly = assembly;
        this.commands = commands;
        this.moveEvery =
                settings.mode() == Settings.Mode.MOVING ? settings.number("move", 1 << 16) : 0;
        this.roamEvery = settings.number("roam", 1 << 14);
        listen();
    }

    /** {@code name=value} of {@link Settings}. */
    public static void main(String[] words) throws IOException {
        Queue<String> commands = new ConcurrentLinkedQueue<>();
        Settings settings = new Settings(words);
        boolean[] ended = new boolean[1];
        try (Shutdown shutdown = Shutdown.install();
                Assembly assembly = settings.open();
                InspectServer inspect = InspectServer.open(assembly)) {
            HostProgram program = new HostProgram(settings, assembly, commands);
            program.serveDirectory(settings.text("www", ""));
            assembly.drivers().onBreach(breach -> say("breach: " + breach));
            say("serving");
            reader(commands, ended).start();
            new DutyCycle(List.of(assembly, program, inspect))
                    .runUntil(() -> shutdown.requested() || ended[0]);
            say((assembly.giveBack() ? "given back" : "not given back") + ", moves " + moves);
        }
    }

    private static Thread reader(Queue<String> commands, boolean[] ended) {
        Thread thread = new Thread(() -> read(commands, ended), "commands");
        thread.setDaemon(true);
        return thread;
    }

    private static void read(Queue<String> commands, boolean[] ended) {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            String line;
            while ((line = in.readLine()) != null) {
                commands.add(line);
            }
        } catch (IOException e) {
            say("input: " + e);
        }
        ended[0] = true;
    }

    /** One line on standard output. */
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static void countMove() {
        moves++;
    }

    private void listen() {
        UserHostStack stack = assembly.stack();
        stack.listen(Services.ECHO, BACKLOG, () -> new Services.Echo(moveEvery));
        stack.listen(Services.SINK, BACKLOG, () -> new Services.Sink(moveEvery));
        stack.listen(Services.SLOW_SINK, BACKLOG, () -> new Services.SlowSink(moveEvery, this));
        stack.listen(Services.WATCHED, BACKLOG, Services.Watched::new);
        stack.listen(Services.SOURCE, BACKLOG, () -> new Services.Source(moveEvery));
        stack.listen(Services.HALF, BACKLOG, () -> new Services.Half(moveEvery));
        stack.listen(Services.ROAMING, BACKLOG, () -> new Services.Roaming(roamEvery, this));
    }

    /** Over HTTP, when there is one. */
    private void serveDirectory(String directory) throws IOException {
        if (!directory.isEmpty()) {
            HttpServer http = new HttpServer(Path.of(directory), InstantSource.system(), 0);
            assembly.stack().listen(HTTP, BACKLOG, http::newConnection);
            everyTurn(
                    now -> {
                        http.doWork(now);
                        return true;
                    });
        }
    }

    UserHostStack stack() {
        return assembly.stack();
    }

    /**
     * Has a connection moved to the other of two engines, unless the last move that was asked for
     * is still to come. One that was asked for while the connection was on its way anyway is none:
     * it is asked for again, in a while.
     *
     * @return whether there was a move since it was asked for last
     */
    boolean moveToOtherEngine(OffloadConnection connection) {
        long moved = assembly.drivers().moved();
        boolean done = moved != movedBefore;
        if (!done && asked++ % ASK_AGAIN != 0) {
            return false;
        }
        movedBefore = moved;
        asked = 1;
        int hash =
                RssHash.tcp(
                        connection.remoteAddress(),
                        connection.localAddress(),
                        connection.remotePort(),
                        connection.localPort());
        TeamDriver team = assembly.drivers().team();
        team.assign(hash & TeamDriver.BUCKETS - 1, 1 - team.homeOf(hash));
        return done;
    }

    /** Called once a turn, with the time, until it says false. */
    void everyTurn(LongPredicate turn) {
        turns.add(turn);
    }

    /** A connection that has a turn is gone. */
    void closed(Object talk) {
        closed.add(talk);
    }

    /** Asked once by a turn that ends then. */
    boolean isClosed(Object talk) {
        return closed.remove(talk);
    }

    @Override
    public int doWork(long nowNanos) {
        int work = 0;
        String command;
        while ((command = commands.poll()) != null) {
            run(command.split(" "));
            work++;
        }
        turns.removeIf(turn -> !turn.test(nowNanos));
        return work;
    }

    /**
     * "send ADDRESS BYTES", "get ADDRESS BYTES", "short ADDRESS COUNT PARALLEL"; "status PORT
     * INDICATION" makes the target of a port, from 0 on, say so.
     */
    private void run(String[] words) {
        if (words[0].equals("status")) {
            assembly.drivers()
                    .members()
                    .get(Integer.parseInt(words[1]))
                    .statusIndication(StatusIndication.valueOf(words[2]));
            return;
        }
        IpAddress address = IpAddress.of(words[1]);
        long amount = Long.parseLong(words[2]);
        switch (words[0]) {
            case "send" ->
                    connect(address, Services.SINK, new Clients.Send(moveEvery, "send", amount));
            case "get" ->
                    connect(address, Services.SOURCE, new Clients.Get(moveEvery, "get", amount));
            case "short" -> {
                int parallel = Integer.parseInt(words[3]);
                Clients.Short many = new Clients.Short(this, moveEvery, address, (int) amount);
                everyTurn(now -> many.turn(parallel));
            }
            default -> say("what is " + words[0] + "?");
        }
    }

    private void connect(IpAddress address, int port, ConnectionHandler handler) {
        assembly.stack().connect(address, port, handler);
    }
}
