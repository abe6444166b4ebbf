//! The names under which metrics are logged: TRL's where TRL has the metric, so
//! that its users' plots and habits work, and the released DPOC trainer's for
//! what concerns the criterion.

/// The mean loss of the step.
pub const LOSS: &str = "loss";
/// The share of learnt tokens that are the likeliest at their place, in
/// supervised learning.
pub const MEAN_TOKEN_ACCURACY: &str = "mean_token_accuracy";
/// The learning rate of the step.
pub const LEARNING_RATE: &str = "learning_rate";
/// The norm of all gradients before clipping.
pub const GRAD_NORM: &str = "grad_norm";
/// Tokens read since the run began.
pub const NUM_TOKENS: &str = "num_tokens";
/// The mean reward of chosen completions.
pub const REWARDS_CHOSEN: &str = "rewards/chosen";
/// The mean reward of rejected completions.
pub const REWARDS_REJECTED: &str = "rewards/rejected";
/// The mean of chosen minus rejected reward.
pub const REWARDS_MARGINS: &str = "rewards/margins";
/// The share of examples with the chosen reward above the rejected one.
pub const REWARDS_ACCURACIES: &str = "rewards/accuracies";
/// The mean reward of criterion completions.
pub const REWARDS_CRITERION: &str = "rewards/criterion";
/// The mean of chosen minus criterion reward.
pub const REWARDS_CHOSEN_CRITERION: &str = "rewards/chosen_criterion";
/// The mean of criterion minus rejected reward.
pub const REWARDS_CRITERION_REJECTED: &str = "rewards/criterion_rejected";
/// The mean log-probability of chosen completions.
pub const LOGPS_CHOSEN: &str = "logps/chosen";
/// The mean log-probability of rejected completions.
pub const LOGPS_REJECTED: &str = "logps/rejected";
/// The mean log-probability of criterion completions.
pub const LOGPS_CRITERION: &str = "logps/criterion";
/// Tokens a second since the run began, evaluations and saving included (ours).
pub const TOKENS_PER_SECOND: &str = "tokens_per_second";
/// Seconds the run still takes at this speed (ours).
pub const ETA_SECONDS: &str = "eta_seconds";

/// What an evaluation's names begin with: `eval_loss`, `eval_rewards/margins`.
pub const EVAL_PREFIX: &str = "eval_";
