// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import java.util.ArrayList;
import java.util.List;

/**
 * The words, strings and signs of a Java or C source text, without its comments. As much of a lexer
 * as it takes to tell a rule that a test names from one that a comment or a string talks about.
 */
final class SourceTokens {
    enum Kind {
        /** Identifier, keyword or number. */
        WORD,
        /** String literal or text block; its text is what stands between the quotes. */
        STRING,
        /** One character of punctuation. */
        SIGN
    }

    record Token(Kind kind, String text) {
        boolean is(String wanted) {
            return kind != Kind.STRING && text.equals(wanted);
        }
    }

    private static final String TEXT_BLOCK = "\"\"\"";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private boolean lineStart = true;

    private SourceTokens(String source) {
        this.source = source;
    }

    static List<Token> of(String source) {
        SourceTokens lexer = new SourceTokens(source);
        while (lexer.at < source.length()) {
            lexer.step();
        }
        return lexer.tokens;
    }

    private void step() {
        char c = source.charAt(at);
        if (Character.isWhitespace(c)) {
            lineStart |= c == '\n';
            at++;
            return;
        }
        if (source.startsWith("//", at)) {
            at = end("\n", at);
        } else if (source.startsWith("/*", at)) {
            at = Math.min(source.length(), end("*/", at + 2) + 2);
        } else if (c == '#' && lineStart) {
            preprocessorLine();
        } else if (source.startsWith(TEXT_BLOCK, at)) {
            textBlock();
        } else if (c == '"' || c == '\'') {
            quoted(c);
        } else if (Character.isJavaIdentifierPart(c)) {
            word();
        } else {
            tokens.add(new Token(Kind.SIGN, String.valueOf(c)));
            at++;
        }
        lineStart = false;
    }

    /** Index of {@code what} from {@code from} on, or of the end. */
    private int end(String what, int from) {
        int found = source.indexOf(what, from);
        return found < 0 ? source.length() : found;
    }

    /** To the end of the line, and of all lines it continues on. */
    private void preprocessorLine() {
        int newline = end("\n", at);
        while (newline < source.length() && source.charAt(newline - 1) == '\\') {
            newline = end("\n", newline + 1);
        }
        at = newline;
    }

    private void textBlock() {
        int from = at + TEXT_BLOCK.length();
        int to = end(TEXT_BLOCK, from);
        tokens.add(new Token(Kind.STRING, source.substring(from, to)));
        at = Math.min(source.length(), to + TEXT_BLOCK.length());
    }

    private void quoted(char quote) {
        int from = ++at;
        while (at < source.length() && source.charAt(at) != quote) {
            at += source.charAt(at) == '\\' ? 2 : 1;
        }
        int to = Math.min(at, source.length());
        if (quote == '"') {
            tokens.add(new Token(Kind.STRING, source.substring(from, to)));
        }
        at = to + 1;
    }

    private void word() {
        int from = at;
        while (at < source.length() && Character.isJavaIdentifierPart(source.charAt(at))) {
            at++;
        }
        tokens.add(new Token(Kind.WORD, source.substring(from, at)));
    }
}
