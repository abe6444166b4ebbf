//! A sentence encoder without a model: hashed TF-IDF.

mod english;
mod words;

use std::collections::{HashMap, HashSet};

use idl_dialogue::{BoxError, SentenceEncoder, stable_hash};
use ndarray::Array2;
use rayon::prelude::*;

use crate::error::{Error, Result};
use english::ENGLISH;
use words::words;

/// Bags of words, weighted by TF-IDF and hashed to a fixed number of
/// components (the hashing trick; Weinberger et al., 2009, with signs).
///
/// Word `w` of a text adds `sign(w) * tf(w) * idf(w)` to component `bucket(w)`;
/// `sign` and `bucket` are bits of a hash that never changes, `tf` is the
/// number of times that the text has the word (or `1 + ln` of it), and
/// `idf(w) = ln((1 + n) / (1 + df(w))) + 1`, scikit-learn's smooth form, where
/// `df(w)` of the `n` texts given to [`fit`](Self::fit) have `w`. Without `fit`
/// it is 1. Words are lower-cased runs of letters, digits and inner
/// apostrophes. Rows are of unit length.
///
/// **A text without words** ("", "...") gets the last component, which no word
/// uses, so that it is a unit vector too, equal to other wordless texts and
/// orthogonal to all that say something. So does a text whose words cancel
/// each other out.
///
/// `O(words)` for each text, plus `O(dim)` for its row; texts are encoded in
/// parallel, with the same result at any number of threads.
///
/// ```
/// use idl_dialogue::SentenceEncoder;
/// use idl_encoder::TfIdfEncoder;
///
/// let texts = ["i like tea .", "i like my tea green .", "the bus is late ."];
/// let encoder = TfIdfEncoder::default().fit(texts);
/// let rows = encoder.encode(&texts)?;
/// assert_eq!(rows.dim(), (3, 1024));
/// let cosine = |i, j| rows.row(i).dot(&rows.row(j));
/// assert!(cosine(0, 1) > 0.5 && cosine(0, 2) < 0.1);
/// # Ok::<(), idl_dialogue::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TfIdfEncoder {
    dim: usize,
    sublinear: bool,
    idf: Option<Idf>,
}

/// Inverse document frequencies by word hash. 64 bits keep words apart that
/// share a component.
#[derive(Clone, Debug)]
struct Idf {
    known: HashMap<u64, f64>,
    unknown: f64,
    /// The encoder's name: what was counted.
    name: &'static str,
}

/// Of 10,000 lines, those that have a word that is not among the common ones.
const UNCOMMON: u16 = 5;

impl Default for TfIdfEncoder {
    /// 1,024 components, plain term frequency, no idf.
    fn default() -> Self {
        TfIdfEncoder { dim: 1024, sublinear: false, idf: None }
    }
}

impl TfIdfEncoder {
    /// An encoder of `dim` components.
    ///
    /// # Errors
    /// [`Error::Option`] for `dim` below 2: one component is for words, one for texts without any.
    pub fn new(dim: usize) -> Result<Self> {
        if dim < 2 {
            let found = dim.to_string();
            return Err(Error::Option { field: "dim", found, expected: "2 or more" });
        }
        Ok(TfIdfEncoder { dim, ..TfIdfEncoder::default() })
    }

    /// Whether a word that occurs `c` times counts `1 + ln c` instead of `c`.
    #[must_use]
    pub fn with_sublinear_tf(self, sublinear: bool) -> Self {
        TfIdfEncoder { sublinear, ..self }
    }

    /// An encoder for English that is fitted on nothing of the caller's: common
    /// words have the idf that they have in film dialogue, all others the idf of
    /// a word that 5 of 10,000 lines have.
    ///
    /// No reply that is to be predicted, learnt or scored moves a weight, which
    /// [`fit`](Self::fit) on a corpus with these replies in it would. The weights
    /// are figures of 300 words of the Cornell Movie-Dialogs Corpus without its
    /// test films (`tests/reference/english_words.py`): only of that corpus' other
    /// films they have counted the lines. In another language all words weigh the
    /// same.
    ///
    /// ```
    /// use idl_dialogue::SentenceEncoder;
    /// use idl_encoder::TfIdfEncoder;
    ///
    /// let encoder = TfIdfEncoder::english();
    /// let rows = encoder.encode(&["i have two dogs .", "my dogs bark .", "i have two ."])?;
    /// assert!(rows.row(0).dot(&rows.row(1)) > 0.4, "of what is said ..");
    /// assert!(rows.row(0).dot(&rows.row(2)) < 0.8, ".. more than of how");
    /// # Ok::<(), idl_dialogue::BoxError>(())
    /// ```
    #[must_use]
    pub fn english() -> Self {
        let idf = |df: u16| (10_001.0 / (1.0 + f64::from(df))).ln() + 1.0;
        let weigh = |&(word, df): &(&str, u16)| (stable_hash(word.as_bytes()), idf(df));
        let known = ENGLISH.iter().map(weigh).collect();
        let idf = Some(Idf { known, unknown: idf(UNCOMMON), name: "hashed-tf-idf-english" });
        TfIdfEncoder { idf, ..TfIdfEncoder::default() }
    }

    /// Learns the idf from texts, forgetting what was learnt before. Words that
    /// none of them has get the weight of the rarest.
    ///
    /// Every text moves every weight. Leave out of `texts` whatever is to be
    /// predicted, learnt or scored behind sessions that this encoder chose, or
    /// take [`english`](Self::english).
    #[must_use]
    pub fn fit<S: AsRef<str>>(self, texts: impl IntoIterator<Item = S>) -> Self {
        let mut count = 0_usize;
        let mut frequencies: HashMap<u64, usize> = HashMap::new();
        for text in texts {
            count += 1;
            for word in word_hashes(text.as_ref()).collect::<HashSet<_>>() {
                *frequencies.entry(word).or_default() += 1;
            }
        }
        let idf = |df: usize| ((1.0 + count as f64) / (1.0 + df as f64)).ln() + 1.0;
        let known = frequencies.into_iter().map(|(word, df)| (word, idf(df))).collect();
        let idf = Some(Idf { known, unknown: idf(0), name: "hashed-tf-idf" });
        TfIdfEncoder { idf, ..self }
    }

    /// Writes the row of `text`, which is all zero before.
    fn encode_into(&self, text: &str, row: &mut [f32]) {
        // Sorted, so that sums do not depend on a hash map's order.
        let mut hashes: Vec<u64> = word_hashes(text).collect();
        hashes.sort_unstable();
        let buckets = (self.dim - 1) as u64;
        for same in hashes.chunk_by(|a, b| a == b) {
            let (hash, count) = (same[0], same.len() as f64);
            let tf = if self.sublinear { 1.0 + count.ln() } else { count };
            let weight = (tf * self.idf(hash)) as f32;
            // The top bit is the sign; the bucket is taken from the others.
            let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
            row[((hash & (u64::MAX >> 1)) % buckets) as usize] += sign * weight;
        }
        let norm = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
        } else {
            row[self.dim - 1] = 1.0;
        }
    }

    fn idf(&self, hash: u64) -> f64 {
        match &self.idf {
            Some(idf) => idf.known.get(&hash).copied().unwrap_or(idf.unknown),
            None => 1.0,
        }
    }
}

fn word_hashes(text: &str) -> impl Iterator<Item = u64> + '_ {
    words(text).map(|word| stable_hash(word.as_bytes()))
}

impl SentenceEncoder for TfIdfEncoder {
    fn dim(&self) -> usize {
        self.dim
    }

    fn name(&self) -> &str {
        self.idf.as_ref().map_or("hashed-tf", |idf| idf.name)
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        let mut rows = vec![0.0; texts.len() * self.dim];
        rows.par_chunks_mut(self.dim)
            .zip(texts.par_iter())
            .for_each(|(row, text)| self.encode_into(text, row));
        Ok(Array2::from_shape_vec((texts.len(), self.dim), rows)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const TEXTS: [&str; 4] = ["i like tea .", "i like tea tea tea !", "the bus", ""];

    /// Cosines of scikit-learn's TfidfVectorizer; a large `dim` keeps the words
    /// apart as its vocabulary does.
    #[test]
    fn cosines_agree_with_scikit_learn() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/data/tfidf.json")).unwrap();
        let strings =
            |key: &str| -> Vec<String> { serde_json::from_value(vectors[key].clone()).unwrap() };
        let (fitted, texts) = (strings("fit"), strings("texts"));
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for (key, sublinear, fit) in
            [("tf", false, false), ("tf_idf", false, true), ("sublinear_tf_idf", true, true)]
        {
            let mut encoder = TfIdfEncoder::new(1 << 16).unwrap().with_sublinear_tf(sublinear);
            if fit {
                encoder = encoder.fit(&fitted);
            }
            let expected: Vec<Vec<f32>> = serde_json::from_value(vectors[key].clone()).unwrap();
            let rows = encoder.encode(&texts).unwrap();
            for (i, expected) in expected.iter().enumerate() {
                for (j, expected) in expected.iter().enumerate() {
                    let cosine = rows.row(i).dot(&rows.row(j));
                    assert!((cosine - expected).abs() < 1e-5, "{key} {i} {j}: {cosine} {expected}");
                }
            }
        }
    }

    #[test]
    fn wordless_texts_have_a_direction_of_their_own() {
        let encoder = TfIdfEncoder::default().fit(TEXTS);
        let rows = encoder.encode(&["", " ... ?!", "'", "tea"]).unwrap();
        assert_eq!(rows.row(0), rows.row(1));
        assert_eq!(rows.row(0), rows.row(2));
        assert_eq!(rows.row(0)[1023], 1.0);
        assert_eq!(rows.row(0).dot(&rows.row(3)), 0.0);
        assert_eq!(encoder.encode(&[]).unwrap().dim(), (0, 1024));
    }

    #[test]
    fn common_words_of_english_weigh_little() {
        assert!(ENGLISH.is_sorted_by(|a, b| a.1 >= b.1) && ENGLISH.iter().all(|w| w.1 > UNCOMMON));
        let encoder = TfIdfEncoder::english();
        let weight = |word: &str| {
            let mut hashes = word_hashes(word);
            let weight = encoder.idf(hashes.next().unwrap());
            assert_eq!(hashes.next(), None, "{word}");
            weight
        };
        // ln(10001 / 3202) + 1 and ln(10001 / 6) + 1.
        assert!((weight("you") - 2.139).abs() < 1e-3, "{}", weight("you"));
        assert!((weight("owl") - 8.419).abs() < 1e-3, "{}", weight("owl"));
        assert!(ENGLISH.iter().all(|(word, _)| weight(word) < weight("owl")));
    }

    #[test]
    fn one_component_is_not_enough() {
        for dim in [0, 1] {
            assert!(matches!(TfIdfEncoder::new(dim), Err(Error::Option { .. })));
        }
        assert_eq!(TfIdfEncoder::new(2).unwrap().encode(&TEXTS).unwrap().dim(), (4, 2));
    }

    #[test]
    fn names_tell_what_was_fitted() {
        assert_eq!(TfIdfEncoder::default().name(), "hashed-tf");
        assert_eq!(TfIdfEncoder::default().fit(TEXTS).name(), "hashed-tf-idf");
        assert_eq!(TfIdfEncoder::english().name(), "hashed-tf-idf-english");
        let of_nothing = TfIdfEncoder::default().fit::<&str>([]);
        let plain = TfIdfEncoder::default();
        assert_eq!(of_nothing.encode(&TEXTS).unwrap(), plain.encode(&TEXTS).unwrap());
    }

    proptest! {
        /// Few components make words collide and cancel.
        #[test]
        fn every_text_has_a_finite_row_of_unit_length(
            texts in prop::collection::vec("\\PC{0,40}|[a-c ]{0,9}", 0..8),
            dim in 2_usize..12,
            sublinear: bool,
        ) {
            let encoder = TfIdfEncoder::new(dim).unwrap().with_sublinear_tf(sublinear).fit(&texts);
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let rows = encoder.encode(&texts).unwrap();
            for row in rows.rows() {
                prop_assert!((row.dot(&row) - 1.0).abs() < 1e-5);
            }
            for (i, text) in texts.iter().enumerate() {
                let alone = encoder.encode(&[text]).unwrap();
                prop_assert_eq!(rows.row(i), alone.row(0));
            }
        }
    }
}
