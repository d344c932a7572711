package dev.flipside;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Which package may know which: the foundations know only each other, and only training, comparisons and the command
 * line know everything.
 */
class ArchitectureTest {
    private static final String[] FOUNDATIONS = {
        "dev.flipside.algo..", "dev.flipside.engine..", "dev.flipside.text..", "dev.flipside.config.."
    };
    private static final String TRAIN = "dev.flipside.train..";
    private static final String COMPARE = "dev.flipside.compare..";
    private static final String CLI = "dev.flipside.cli..";

    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("dev.flipside");
    }

    @Test
    void foundationsKnowOnlyEachOther() {
        noClasses()
                .that()
                .resideInAnyPackage(FOUNDATIONS)
                .should()
                .dependOnClassesThat(resideInAPackage("dev.flipside..").and(resideOutsideOfPackages(FOUNDATIONS)))
                .check(classes);
    }

    @Test
    void onlyComparisonsAndTheCommandLineKnowTraining() {
        noClasses()
                .that()
                .resideOutsideOfPackages(TRAIN, COMPARE, CLI)
                .should()
                .dependOnClassesThat(resideInAnyPackage(TRAIN, COMPARE, CLI))
                .check(classes);
    }

    @Test
    void trainingKnowsNothingOfComparisons() {
        noClasses()
                .that()
                .resideInAPackage(TRAIN)
                .should()
                .dependOnClassesThat(resideInAPackage(COMPARE))
                .check(classes);
    }

    @Test
    void nothingKnowsTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CLI)
                .should()
                .dependOnClassesThat(resideInAPackage(CLI))
                .check(classes);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.flipside.(*)..").should().beFreeOfCycles().check(classes);
    }

    /** A package inside another is one of its own here: what it holds can be read without the rest. */
    @Test
    void packagesInsideOthersHaveNoCycles() {
        slices().matching("dev.flipside.(**)").should().beFreeOfCycles().check(classes);
    }

    /** A family says what its files mean; computing with them is for others. */
    @Test
    void familiesAreDeclarations() {
        noClasses()
                .that()
                .resideInAPackage("dev.flipside.model.family")
                .should()
                .dependOnClassesThat(resideInAnyPackage("org.bytedeco..", "dev.flipside.engine.."))
                .check(classes);
    }

    /** A GPU is waited for where a tensor is read: in one place, so that such places can be counted. */
    @Test
    void tensorsAreReadInOnePlace() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.flipside.engine..", "dev.flipside.safetensors..")
                .should()
                .callMethodWhere(target(nameMatching("item.*|cpu|nonzero|data_ptr_.*|masked_select|is_nonzero"))
                        .and(target(owner(resideInAPackage("org.bytedeco.pytorch..")))))
                .check(classes);
    }

    @Test
    void nativeTypesStayWhereScopesAreKept() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        "dev.flipside.engine..",
                        "dev.flipside.safetensors..",
                        "dev.flipside.model..",
                        "dev.flipside.rollout..",
                        TRAIN)
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.."))
                .check(classes);
    }

    @Test
    void onlyTheCommandLinePrints() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CLI)
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(classes);
    }

    /**
     * Tensor.norm adds a float32 buffer up in float32 and loses percents of long ones: Tensors.squaredNorm does not.
     */
    @Test
    void noNormOfAWholeBufferIsLibtorchs() {
        noClasses()
                .should()
                .callMethodWhere(target(nameMatching(
                                "norm|renorm|dist|nuclear_norm|frobenius_norm|clip_grad_norm_|_foreach_norm"))
                        .and(target(owner(resideInAPackage("org.bytedeco..")))))
                .check(classes);
    }

    @Test
    void noStaticState() {
        fields().that().areStatic().should().beFinal().check(classes);
    }
}
