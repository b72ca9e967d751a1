// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the rule that a test checks, by its id in docs/rules: {@code @Rule("I-6")}. A test of
 * several rules names them all: {@code @Rule({"I-6", "I-7"})}, or the annotation repeated.
 */
@Documented
@Repeatable(Rule.All.class)
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface Rule {
    /** Ids, at least one. */
    String[] value();

    /** Holds repeated ones; written by the compiler. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.TYPE, ElementType.METHOD})
    @interface All {
        Rule[] value();
    }
}
