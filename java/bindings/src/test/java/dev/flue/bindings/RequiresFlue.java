// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The test needs the native library; without it, it is skipped and says why. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(RequiresFlue.Condition.class)
@interface RequiresFlue {

    /** Asks {@link Flue}. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return Flue.isAvailable()
                    ? ConditionEvaluationResult.enabled(Flue.version())
                    : ConditionEvaluationResult.disabled(Flue.unavailabilityCause());
        }
    }
}
