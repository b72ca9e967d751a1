// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The rules a test checks, by their ids. The testkit's annotation of that name is out of reach. */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.SOURCE)
public @interface Rule {
    String[] value();
}
