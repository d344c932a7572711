/** {@code Config} holds the commands that write configurations: {@code FromTrl}. */
package dev.flipside.cli.config;
