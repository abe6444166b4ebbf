//! Sentence encoders on libtorch behind idl-dialogue's SentenceEncoder.
