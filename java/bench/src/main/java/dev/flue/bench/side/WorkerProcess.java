// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A {@link Worker}, or a program that speaks like one, as it is seen by who runs it. One thread.
 */
final class WorkerProcess implements AutoCloseable {
    private static final long ANSWER_SECONDS = 25;
    private static final String GONE = "";

    private final Process process;
    private final Writer in;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private volatile String lastWords = "";

    /**
     * @throws IOException it could not be started; the message says why
     */
    WorkerProcess(List<String> command) throws IOException {
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        in = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "worker output");
        reader.setDaemon(true);
        reader.start();
        try {
            answer();
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private void read() {
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(Worker.ANSWER)) {
                    answers.add(line.substring(Worker.ANSWER.length()));
                } else {
                    lastWords = line;
                }
            }
        } catch (IOException e) {
            lastWords = e.getMessage();
        }
        answers.add(GONE);
    }

    /** Have it do something; {@link #answer} is what comes of it. */
    void tell(String line) throws IOException {
        in.write(line + "\n");
        in.flush();
    }

    /**
     * @throws IOException it says that it failed, ended, or says nothing
     */
    String answer() throws IOException {
        String answer;
        try {
            answer = answers.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (answer == null) {
            throw new IOException("no answer within " + ANSWER_SECONDS + " s");
        }
        if (answer.equals(GONE)) {
            throw new IOException("the process ended: " + lastWords);
        }
        if (answer.startsWith(Worker.ERROR)) {
            throw new IOException(answer.substring(Worker.ERROR.length()));
        }
        return answer;
    }

    String ask(String line) throws IOException {
        tell(line);
        return answer();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
