// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/offload-model.md names types and C names that exist, and pictures that are there. */
class OffloadModelTest {
    private static final Path ROOT = Path.of(System.getProperty("flue.root"));
    private static final Path PAGE = ROOT.resolve("docs/offload-model.md");
    private static final Pattern TERM =
            Pattern.compile("\\| [^|`]+ \\| `(\\w+)` \\| (?:`(\\w+)` )?\\| [^|]+ \\|");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)]+)\\)");
    private static final Pattern NAME = Pattern.compile("\\bflue_\\w+|\\bFLUE_\\w+");

    @Test
    void everyTermsJavaTypeAndCNameExist() throws IOException {
        Set<String> types = typesOf(ROOT.resolve("java"));
        Set<String> names = namesOf(ROOT.resolve("native/include"));
        names.addAll(namesOf(ROOT.resolve("native/src")));
        int terms = 0;
        for (String line : Files.readAllLines(PAGE)) {
            if (line.startsWith("| ") && !line.startsWith("| term ")) {
                Matcher term = TERM.matcher(line);
                assertThat(term.matches()).as(line).isTrue();
                assertThat(types).as(line).contains(term.group(1));
                if (term.group(2) != null) {
                    assertThat(names).as(line).contains(term.group(2));
                }
                terms++;
            }
        }
        assertThat(terms).isGreaterThan(40);
    }

    @Test
    void everyLinkLeadsToAFile() throws IOException {
        Matcher link = LINK.matcher(Files.readString(PAGE));
        while (link.find()) {
            assertThat(PAGE.resolveSibling(link.group(1))).exists();
        }
    }

    /** Names of the product's source files: a public or package-private type each. */
    private static Set<String> typesOf(Path folder) {
        Set<String> out = new HashSet<>();
        for (Path file : files(folder)) {
            String name = file.toString();
            if (name.contains("/src/main/java/") && name.endsWith(".java")) {
                out.add(file.getFileName().toString().replace(".java", ""));
            }
        }
        return out;
    }

    private static Set<String> namesOf(Path folder) throws IOException {
        Set<String> out = new HashSet<>();
        for (Path file : files(folder)) {
            Matcher name = NAME.matcher(Files.readString(file));
            while (name.find()) {
                out.add(name.group());
            }
        }
        return out;
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .filter(p -> !p.toString().contains("/target/"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
