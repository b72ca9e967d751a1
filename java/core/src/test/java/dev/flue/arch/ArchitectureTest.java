package dev.flue.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may know whom inside the core module. */
@AnalyzeClasses(packages = "dev.flue", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule coreNamesNoNativeBinding =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "org.bytedeco..", "dev.flue.jni..", "dev.flue.bindings..", "..dpdk..")
                    .because("core must compile, run and be tested without native code");

    @ArchTest
    static final ArchRule coreDependsOnTheJdkOnly =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideOutsideOfPackages("dev.flue..", "java..")
                    .because("core has no dependencies, and no JDK internals");

    @ArchTest
    static final ArchRule contractKnowsOnlyTheSpi =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.offload..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.flue.host..", "dev.flue.im..", "dev.flue.data..")
                    .because("host stacks, drivers and targets all lean on the contract");

    @ArchTest
    static final ArchRule spiKnowsOnlyTheContract =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.spi..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.flue.host..", "dev.flue.im..", "dev.flue.data..")
                    .because("a target is written against the contract alone");

    @ArchTest
    static final ArchRule driversKnowNoHostStack =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.im..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.flue.host..", "dev.flue.data..")
                    .because("an intermediate driver sees block lists, whatever is above it");

    @ArchTest
    static final ArchRule tcpIpAndLinkFormNoCycle =
            slices().matching("dev.flue.host.(*)..").should().beFreeOfCycles();
}
