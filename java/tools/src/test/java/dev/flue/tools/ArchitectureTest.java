// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may know whom inside the command. */
@AnalyzeClasses(packages = "dev.flue.tools", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule packagesFormNoCycle =
            slices().matching("dev.flue.tools.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule commandsKnowTheirHelpersAndNotTheOtherWayRound =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.tools.*..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("dev.flue.tools");

    @ArchTest
    static final ArchRule httpRunsOverAnyConnection =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.tools.http..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.flue.host..", "dev.flue.bindings..", "picocli..");
}
