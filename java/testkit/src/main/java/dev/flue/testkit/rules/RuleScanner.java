// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import dev.flue.testkit.rules.SourceTokens.Kind;
import dev.flue.testkit.rules.SourceTokens.Token;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds the tests that name rules: {@code @Rule("...")} on classes and methods in the Java sources
 * of all tests and of the testkit, {@code RULE("...")} in the C tests, lines {@code rule ...} in
 * the wire scripts, which count for the tests that run them.
 */
final class RuleScanner {
    /**
     * A rule named by a test.
     *
     * @param file path from the project's root, with slashes
     * @param test method, class or C function
     */
    record Mention(String rule, String file, String test) {}

    private static final String SCRIPTS =
            "java/testkit/src/main/resources/dev/flue/testkit/scripts";
    private static final String STACK_TEST =
            "java/testkit/src/test/java/dev/flue/testkit/script/JavaStackScriptsTest.java";
    private static final String ENGINE_TEST =
            "java/bindings/src/test/java/dev/flue/bindings/EngineScriptTest.java";

    private static final Set<String> TYPES = Set.of("class", "interface", "enum", "record");

    private final Path root;
    private final List<Mention> mentions = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    RuleScanner(Path root) {
        this.root = root;
    }

    /** All mentions below the root, by file and then in the file's order. */
    List<Mention> scan() {
        for (Path module : children(root.resolve("java"))) {
            scan(module.resolve("src/test/java"), ".java");
        }
        scan(root.resolve("java/testkit/src/main/java"), ".java");
        scan(root.resolve("hwtests/src/test/java"), ".java");
        scan(root.resolve("native/test"), ".c");
        scan(root.resolve(SCRIPTS), ".wire");
        mentions.sort(Comparator.comparing(Mention::file));
        return mentions;
    }

    /** What was found that cannot count: a rule on something that no test runner runs. */
    List<String> problems() {
        return problems;
    }

    private static List<Path> children(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void scan(Path folder, String suffix) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(p -> p.toString().endsWith(suffix)).sorted().toList()) {
                String name = root.relativize(file).toString().replace('\\', '/');
                String text = Files.readString(file);
                switch (suffix) {
                    case ".java" -> java(name, SourceTokens.of(text));
                    case ".c" -> c(name, SourceTokens.of(text));
                    default -> script(file.getFileName().toString(), text);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A script is a case of the tests of both TCPs, or of one when it says so. */
    private void script(String name, String text) {
        List<String> lines = text.lines().map(String::strip).toList();
        for (String line : lines) {
            String[] words = line.split("\\s+");
            for (int i = 1; words[0].equals("rule") && i < words.length; i++) {
                if (!lines.contains("only engine")) {
                    mention(words[i], STACK_TEST, name);
                }
                if (!lines.contains("only stack")) {
                    mention(words[i], ENGINE_TEST, name);
                }
            }
        }
    }

    private void mention(String rule, String file, String test) {
        Mention mention = new Mention(rule, file, test);
        if (!mentions.contains(mention)) {
            mentions.add(mention);
        }
    }

    // C: a rule stands in front of its function or in it. The function's name is the last one
    // before a parenthesis outside all braces.

    void c(String file, List<Token> tokens) {
        List<Token> inFront = new ArrayList<>();
        String function = "";
        int depth = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token t = tokens.get(i);
            if (t.is("{") && depth++ == 0 && !inFront.isEmpty()) {
                mention(file, function, inFront);
                inFront.clear();
            } else if (t.is("}")) {
                depth--;
            } else if (t.kind() == Kind.WORD && is(tokens, i + 1, "(")) {
                List<Token> arguments = tokens.subList(i + 2, close(tokens, i + 1));
                if (!t.is("RULE")) {
                    function = depth == 0 ? t.text() : function;
                } else if (depth == 0) {
                    inFront.addAll(arguments);
                } else {
                    mention(file, function, arguments);
                }
            }
        }
    }

    // Java: annotations in front of a declaration belong to it, whatever their order.

    void java(String file, List<Token> tokens) {
        int at = 0;
        while (at < tokens.size()) {
            at = isAnnotation(tokens, at) ? declaration(file, tokens, at) : at + 1;
        }
    }

    private static boolean isAnnotation(List<Token> tokens, int at) {
        return is(tokens, at, "@") && !is(tokens, at + 1, "interface");
    }

    /** A run of annotations and what they annotate; the index behind it. */
    private int declaration(String file, List<Token> tokens, int from) {
        List<Token> ids = new ArrayList<>();
        boolean named = false;
        boolean test = false;
        boolean disabled = false;
        int at = from;
        while (isAnnotation(tokens, at)) {
            at += 2;
            while (is(tokens, at, ".")) {
                at += 2;
            }
            String name = tokens.get(at - 1).text();
            test |= name.endsWith("Test") || name.endsWith("TestFactory");
            disabled |= name.equals("Disabled");
            int end = is(tokens, at, "(") ? close(tokens, at) + 1 : at;
            if (name.equals("Rule")) {
                ids.addAll(tokens.subList(Math.min(at + 1, end), Math.max(at, end - 1)));
                named = true;
            }
            at = end;
        }
        if (!named) {
            return at;
        }
        String what = declared(tokens, at);
        boolean type = !what.endsWith("()");
        String name = type ? what : what.substring(0, what.length() - 2);
        if (disabled || !(type || test)) {
            problems.add(file + ": " + name + " names a rule, but no test runs it");
        }
        mention(file, name, ids);
        return at;
    }

    /** The name of the type, or of the method with "()", that is declared from here on. */
    private static String declared(List<Token> tokens, int from) {
        for (int i = from; i + 1 < tokens.size(); i++) {
            if (TYPES.contains(tokens.get(i).text())) {
                return tokens.get(i + 1).text();
            }
            if (tokens.get(i).kind() == Kind.WORD && is(tokens, i + 1, "(")) {
                return tokens.get(i).text() + "()";
            }
        }
        return "";
    }

    private void mention(String file, String test, List<Token> arguments) {
        List<Token> strings = arguments.stream().filter(t -> t.kind() == Kind.STRING).toList();
        boolean others = arguments.stream().anyMatch(t -> t.kind() == Kind.WORD && !t.is("value"));
        if (strings.isEmpty() || others) {
            problems.add(file + ": " + test + " names no rule by its id");
        }
        for (Token id : strings) {
            mention(id.text(), file, test);
        }
    }

    private static boolean is(List<Token> tokens, int at, String wanted) {
        return at < tokens.size() && tokens.get(at).is(wanted);
    }

    /** The parenthesis that closes the one at {@code open}, or the end. */
    private static int close(List<Token> tokens, int open) {
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            depth += tokens.get(i).is("(") ? 1 : tokens.get(i).is(")") ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return tokens.size();
    }
}
