// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import dev.flue.data.IpAddress;
import dev.flue.tools.assembly.Assembly;
import dev.flue.tools.assembly.Breaches;
import dev.flue.tools.assembly.NetworkOptions;
import dev.flue.tools.http.HttpGet;
import dev.flue.tools.http.HttpUrl;
import dev.flue.tools.inspect.InspectServer;
import dev.flue.tools.output.JsonWriter;
import dev.flue.tools.output.Progress;
import dev.flue.tools.output.Sizes;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.Shutdown;
import dev.flue.tools.run.ToolException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code flue fetch}: one HTTP GET over an offloaded connection. */
@Command(
        name = "fetch",
        mixinStandardHelpOptions = true,
        description = {
            "Fetch an http URL over an offloaded connection.",
            "What a verifier in --drivers finds is printed, a line for each breach, and counted at"
                    + " the end; exit code 1 when there was any."
        })
final class FetchCommand implements Callable<Integer> {
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    @Parameters(
            paramLabel = "URL",
            description = "http://HOST[:PORT]/PATH; an IPv6 address stands in brackets.")
    private HttpUrl url;

    @Mixin private NetworkOptions network;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the body goes; default: it is only counted and hashed.")
    private Path output;

    @Option(
            names = "--connect-timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "Give up when there is no connection by then; default ${DEFAULT-VALUE}.")
    private int connectTimeout;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        if (connectTimeout < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--connect-timeout takes at least 1 second");
        }
        IpAddress server = resolve(url.host());
        Breaches breaches = new Breaches(spec.commandLine().getErr());
        try (Shutdown shutdown = Shutdown.install();
                Download download = Download.to(output);
                Assembly assembly = network.open();
                InspectServer inspect =
                        InspectServer.openOrWarn(assembly, spec.commandLine().getErr())) {
            shutdown.check();
            assembly.drivers().onBreach(breaches);
            HttpGet get = new HttpGet(url, download::write);
            long start = System.nanoTime();
            assembly.stack().connect(server, url.port(), get);
            connect(assembly, inspect, get, shutdown);
            run(assembly, inspect, get, shutdown);
            long nanos = System.nanoTime() - start;
            new DutyCycle(List.of(assembly))
                    .runUntil(() -> assembly.stack().connectionCount() == 0, CLOSE_NANOS);
            shutdown.check();
            if (!get.problem().isEmpty()) {
                throw new ToolException(url.authority() + ": " + get.problem());
            }
            download.keep();
            assembly.giveBack();
            report(get, nanos, breaches);
        } catch (IOException e) {
            throw new ToolException("cannot write " + output + ": " + e.getMessage(), e);
        }
        return breaches.exitCode();
    }

    private void connect(Assembly assembly, InspectServer inspect, HttpGet get, Shutdown shutdown) {
        boolean answered =
                new DutyCycle(List.of(assembly, inspect))
                        .runUntil(
                                () -> get.connected() || get.finished() || shutdown.requested(),
                                TimeUnit.SECONDS.toNanos(connectTimeout));
        if (!answered) {
            throw new ToolException(
                    url.authority() + ": no connection within " + connectTimeout + " s");
        }
    }

    private static void run(
            Assembly assembly, InspectServer inspect, HttpGet get, Shutdown shutdown) {
        try (Progress progress = Progress.onStandardError("fetch", 0)) {
            DutyCycle cycle =
                    new DutyCycle(
                            List.of(
                                    assembly,
                                    inspect,
                                    now -> {
                                        progress.update(get.bytes(), now);
                                        return 0;
                                    }));
            cycle.runUntil(() -> get.finished() || shutdown.requested());
        }
    }

    private void report(HttpGet get, long nanos, Breaches breaches) {
        String sha256 = HexFormat.of().formatHex(get.digest());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(
                    new JsonWriter()
                            .beginObject()
                            .member("bytes", get.bytes())
                            .member("nanos", nanos)
                            .member("sha256", sha256)
                            .member("offloaded", get.offloaded())
                            .member("breaches", breaches.count())
                            .endObject());
        } else {
            out.println("bytes:     " + get.bytes());
            out.println("time:      " + Sizes.time(nanos));
            out.println("rate:      " + Sizes.rate(get.bytes(), nanos));
            out.println("sha256:    " + sha256);
            out.println("offloaded: " + (get.offloaded() ? "yes" : "no"));
            if (breaches.count() > 0) {
                out.println("breaches:  " + breaches.count());
            }
        }
        out.flush();
    }

    /** An address as it stands there, or one that the kernel's resolver gives for a name. */
    private IpAddress resolve(String host) {
        try {
            for (InetAddress each : InetAddress.getAllByName(host)) {
                IpAddress address = address(each);
                if (network.speaks(address)) {
                    return address;
                }
            }
        } catch (UnknownHostException e) {
            throw new ToolException("there is no host '" + host + "'", e);
        }
        throw new ToolException("'" + host + "' has no address of a version of IP spoken here");
    }

    private static IpAddress address(InetAddress inet) {
        ByteBuffer bytes = ByteBuffer.wrap(inet.getAddress());
        return inet instanceof Inet4Address
                ? IpAddress.ofIpv4(bytes.getInt())
                : IpAddress.of(bytes.getLong(), bytes.getLong());
    }
}
