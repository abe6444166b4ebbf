//! Dialogue metrics that agree with their references: F1, Distinct, hits@k, likelihoods with own, other and no sessions, intervals over persons.
