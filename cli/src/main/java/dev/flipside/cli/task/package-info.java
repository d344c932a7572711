/**
 * {@code DataMake}: data of a task whose truth a program computes, made with a model; {@code TaskTables} says what they
 * are like.
 */
package dev.flipside.cli.task;
