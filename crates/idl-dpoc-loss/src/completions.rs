//! What there is of each kind of completion, by name.

/// One thing for the chosen, one for the rejected and, where there is one, one
/// for the criterion completion: log-probabilities, token counts, rewards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Completions<T> {
    /// Of the preferred completion.
    pub chosen: T,
    /// Of the dispreferred completion.
    pub rejected: T,
    /// Of the criterion completion, for the losses that rank one.
    pub criterion: Option<T>,
}

impl<T> Completions<T> {
    /// The same by reference.
    ///
    /// ```
    /// use idl_dpoc_loss::Completions;
    ///
    /// let counts = Completions { chosen: 3, rejected: 5, criterion: None };
    /// assert_eq!(counts.as_ref().chosen, &3);
    /// ```
    pub fn as_ref(&self) -> Completions<&T> {
        Completions {
            chosen: &self.chosen,
            rejected: &self.rejected,
            criterion: self.criterion.as_ref(),
        }
    }

    /// What `f` makes of each.
    ///
    /// # Errors
    /// The first of `f`.
    pub fn try_map<U, E>(self, mut f: impl FnMut(T) -> Result<U, E>) -> Result<Completions<U>, E> {
        Ok(Completions {
            chosen: f(self.chosen)?,
            rejected: f(self.rejected)?,
            criterion: self.criterion.map(f).transpose()?,
        })
    }
}
