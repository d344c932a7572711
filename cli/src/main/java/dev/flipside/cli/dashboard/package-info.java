/**
 * The live page of a folder of runs: {@code flipside dashboard}, and {@code flipside train --dashboard}.
 *
 * <ul>
 *   <li>{@code Dashboard}: the command; {@link dev.flipside.cli.dashboard.DashboardServer}: the server, of Java's own
 *       {@code jdk.httpserver}; {@code Access}: who may do what; {@code Routes}, {@code Query}, {@code Reply}: requests
 *       and answers.
 *   <li>{@code Catalog} and {@code RunPlace}: which runs there are.
 *   <li>{@code LiveRuns}: follows them and tells every {@code Subscriber}. {@code FollowedRun}: one of them, by a
 *       {@code LineFollower}; {@code BoundedSeries}: its curves; {@code RunStatus}, {@code RunState},
 *       {@code RunLength}: how far it is.
 *   <li>{@code SamplePage}: some samples, by {@code SampleFilter} and {@code BackwardLines}; {@code Sample}: one.
 *   <li>{@code ConfigTable}: configurations beside each other; {@code ComparisonView}: arms as they come in.
 *   <li>{@code dashboard.html}, {@code dashboard.css}, {@code dashboard.js}: the page. It shares the report's style and
 *       its way to draw curves.
 * </ul>
 */
package dev.flipside.cli.dashboard;
