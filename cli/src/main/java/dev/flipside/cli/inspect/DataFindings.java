package dev.flipside.cli.inspect;

import dev.flipside.config.UserError;
import dev.flipside.data.Margin;
import dev.flipside.data.Preference;
import dev.flipside.data.PreferenceData;
import dev.flipside.data.PromptData;
import dev.flipside.data.PromptExample;
import dev.flipside.train.Overlap;
import dev.flipside.train.PairTally;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A run's data files, read as the run reads them, and whether the model can tell what is in them apart. */
final class DataFindings {
    private final Optional<String> systemPrompt;
    private final Optional<String> marginColumn;
    private final Findings findings;

    /**
     * @param systemPrompt of data.system_prompt
     * @param marginColumn of data.margin_column, where the run has one
     */
    DataFindings(Optional<String> systemPrompt, Optional<String> marginColumn, Findings findings) {
        this.systemPrompt = systemPrompt;
        this.marginColumn = marginColumn;
        this.findings = findings;
    }

    /** @throws UserError under the {@code key} that names the file */
    List<PromptExample> prompts(String key, String file) {
        return UserError.under(key, () -> PromptData.read(Path.of(file), systemPrompt));
    }

    /** @throws UserError under the {@code key} that names the file */
    PreferenceData preferences(String key, String file) {
        return UserError.under(key, () -> PreferenceData.read(Path.of(file), Margin.parse(marginColumn))
                .withSystem(systemPrompt));
    }

    /** Tells how many pairs there are. */
    List<Preference> counted(String name, String key, String file) {
        List<Preference> pairs = preferences(key, file).pairs();
        findings.fact(name, pairs.size());
        return pairs;
    }

    /** Says where held-out data is trained on too. */
    void heldOut(Optional<Overlap> overlap) {
        overlap.ifPresent(found -> findings.check(
                found.heldOut(), found.nothingHeldOut() ? CheckStatus.PROBLEM : CheckStatus.NOTE, found.sentence()));
    }

    /**
     * Pairs that a run would use: those that the model cannot tell apart are dropped, and one at least must be left.
     */
    void toldApart(String key, PairTally tally) {
        boolean none = tally.pairs() > 0 && tally.alike() == tally.pairs();
        findings.check(
                key,
                none ? CheckStatus.PROBLEM : tally.alike() > 0 ? CheckStatus.NOTE : CheckStatus.OK,
                tally.alike() == 0
                        ? "the model tells the replies of all " + tally.pairs() + " pairs apart"
                        : tally.alike() + " of " + tally.pairs()
                                + " pairs are the same tokens once they are rendered and cut"
                                + (none
                                        ? ", so none is left; raise max_length, or take replies that the chat template writes differently"
                                        : "; they are dropped"));
    }
}
