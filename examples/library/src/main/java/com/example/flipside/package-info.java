/**
 * Flipside used from Java code.
 *
 * <ul>
 *   <li>{@link com.example.flipside.KindWordsReward}: a reward function of one's own, also found by the command line.
 *   <li>{@link com.example.flipside.TrainAndScore}: trains a reward model, runs the SAVE loop with that function beside it, and scores with the result; on {@link
 *       com.example.flipside.TinyModel}, so that nothing has to be downloaded.
 *   <li>{@link com.example.flipside.CompareArms}: compares two ways of training over seeds, and gets the answer as a record.
 *   <li>{@link com.example.flipside.ScorePairs}: a reward model on a file of preferences.
 *   <li>{@link com.example.flipside.MarkAnswers}: a policy on a task of one's own.
 *   <li>{@link com.example.flipside.StoryPairs}, {@link com.example.flipside.StoryJudge}, {@link com.example.flipside.StoryOpenings}: the data of the stories
 *       examples, sampled from a real model with {@link com.example.flipside.Sampling}.
 * </ul>
 */
package com.example.flipside;
