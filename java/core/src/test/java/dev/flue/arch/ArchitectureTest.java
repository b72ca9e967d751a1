package dev.flue.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.security.SecureRandom;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;

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
                    .that()
                    .doNotHaveFullyQualifiedName("dev.flue.im.Latencies")
                    .should()
                    .dependOnClassesThat()
                    .resideOutsideOfPackages("dev.flue..", "java..")
                    .because("core has no dependencies, and no JDK internals");

    @ArchTest
    static final ArchRule oneClassKnowsTheHistograms =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideOutsideOfPackages("dev.flue..", "java..", "org.HdrHistogram..")
                    .because("HdrHistogram is the only library there is (decision 0015)");

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
    static final ArchRule hostStackKnowsNoDriver =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.host..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("dev.flue.im..")
                    .because("a host stack sees a miniport, whatever is below it");

    @ArchTest
    static final ArchRule applicationsSeeTheContractAlone =
            noClasses()
                    .that()
                    .resideInAPackage("dev.flue.data..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.flue.host..", "dev.flue.im..", "dev.flue.spi..")
                    .because("the same application runs over any stack");

    @ArchTest
    static final ArchRule timeIsAnArgument =
            noClasses()
                    .should()
                    .callMethod(System.class, "nanoTime")
                    .orShould()
                    .callMethod(System.class, "currentTimeMillis")
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class)
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class, int.class)
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAPackage("java.time..")
                    .because("tests run in virtual time");

    @ArchTest
    static final ArchRule randomnessComesFromASeed =
            noClasses()
                    .should()
                    .callMethod(Math.class, "random")
                    .orShould()
                    .callConstructor(Random.class)
                    .orShould()
                    .callConstructor(SplittableRandom.class)
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(SecureRandom.class)
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(ThreadLocalRandom.class)
                    .because("the same seed gives the same run");

    @ArchTest
    static final ArchRule onlyTheControlPathOfTheHostStackLogs =
            noClasses()
                    .that()
                    .doNotHaveFullyQualifiedName("dev.flue.host.chimney.Refusals")
                    .and()
                    .doNotHaveFullyQualifiedName("dev.flue.host.tcp.CallbackQueue")
                    .should()
                    .accessField(System.class, "out")
                    .orShould()
                    .accessField(System.class, "err")
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAPackage("java.util.logging..")
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(System.Logger.class)
                    .because(
                            "the core tells by counters, statuses and exceptions; a target that"
                                    + " refuses and a handler that throws get one line each");

    @ArchTest
    static final ArchRule onlyIdlingParks =
            noClasses()
                    .that()
                    .doNotHaveFullyQualifiedName("dev.flue.spi.IdlePolicy")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("java.util.concurrent.locks..")
                    .because("one thread owns a stack: there is nothing to lock or to wait for");

    @ArchTest
    static final ArchRule noMethodIsSynchronized =
            methods()
                    .should()
                    .notHaveModifier(JavaModifier.SYNCHRONIZED)
                    .because("one thread owns a stack: there is nothing to lock");

    @ArchTest
    static final ArchRule tcpIpAndLinkFormNoCycle =
            slices().matching("dev.flue.host.(*)..").should().beFreeOfCycles();
}
