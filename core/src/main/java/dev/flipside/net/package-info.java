/**
 * What every client of an HTTP server does the same way, whoever the server is.
 *
 * <ul>
 *   <li>{@link dev.flipside.net.Addresses}: an address as a message may show it.
 *   <li>{@link dev.flipside.net.ApiKey}: a secret that is sent and never shown.
 *   <li>{@link dev.flipside.net.Backoff}: how often and after which wait a request is tried again.
 *   <li>{@link dev.flipside.net.BoundedAnswer}: how much of an answer is taken.
 *   <li>{@link dev.flipside.net.EnvironmentProxies}: the way through a proxy.
 * </ul>
 */
package dev.flipside.net;
