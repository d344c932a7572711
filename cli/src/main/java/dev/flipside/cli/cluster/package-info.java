/**
 * Commands on a cluster: {@code --master} and what is behind it.
 *
 * <ul>
 *   <li>{@code ClusterOptions}: the options; {@code ClusterSettings}: what they say.
 *   <li>{@code ClusterEngine}: what a cluster does for a command. Module {@code spark} has the only one; a plain start
 *       has none on its class path.
 * </ul>
 */
package dev.flipside.cli.cluster;
