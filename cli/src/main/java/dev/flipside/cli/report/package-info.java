/**
 * The page that a comparison or a run becomes: one HTML file that needs nothing else. Data is read from the folders,
 * views are records, the template escapes everything.
 *
 * <ul>
 *   <li>{@code Report}: the command.
 *   <li>{@code ReportPage}: the page; {@code report.html.mustache}, {@code report.css} and {@code report.js} are its
 *       looks, uPlot draws its curves.
 *   <li>{@code ReportSection}: one comparison or one run, made of {@code Question}, {@code SummaryTable},
 *       {@code Forest}, {@code Curves}, {@code AlarmTable}, {@code DecisionRow}, {@code Samples},
 *       {@code ProvenanceTable}.
 *   <li>{@code ArmRuns}, {@code ArmRun}: what they are made of; {@code Chart}, {@code Curve}, {@code Fact},
 *       {@code ShownConfig}: their parts.
 *   <li>{@code BenchmarkTable}: from folders that eval-rm or eval-policy wrote.
 *   <li>{@code Figures}: numbers as people read them; {@link dev.flipside.cli.report.MetricTitles}: metrics by their
 *       names for people.
 *   <li>{@link dev.flipside.cli.report.PageParts}: style and scripts that the live page shares; {@code charts.js}: how
 *       curves look.
 * </ul>
 */
package dev.flipside.cli.report;
