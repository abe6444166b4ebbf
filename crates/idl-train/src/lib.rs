//! The learning half of in-dialogue learning: MSL and DPA data, AdamW with exact state, the trainer, logs.
