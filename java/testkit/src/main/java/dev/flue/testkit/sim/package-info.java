// SPDX-License-Identifier: Apache-2.0
/**
 * Random runs of two TCPs over a bad wire in virtual time: a seed decides everything ({@link
 * dev.flue.testkit.sim.SimGenerator}), an observer judges every frame ({@link
 * dev.flue.testkit.sim.WireJudge}), a run that fails is shrunk ({@link
 * dev.flue.testkit.sim.SimMinimizer}) and replayed from one line ({@link
 * dev.flue.testkit.sim.SimPlan}).
 */
package dev.flue.testkit.sim;
