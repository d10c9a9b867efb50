/*
 * The subcommands of `twinwalk`. argv[0] is the subcommand's name. They return the exit status:
 * 0 all agreed, 1 a divergence or mismatch, 2 unusable input or arguments (one line on stderr).
 */
#ifndef TWINWALK_CLI_COMMANDS_H
#define TWINWALK_CLI_COMMANDS_H

enum exit_status { EXIT_AGREED = 0, EXIT_DIVERGED = 1, EXIT_UNUSABLE = 2 };

int cmd_cosim(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_stress(int argc, char **argv);
int cmd_conform(int argc, char **argv);
int cmd_walk(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_mm(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_trace(int argc, char **argv);

#endif
