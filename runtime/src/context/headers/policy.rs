//! What of a request goes to other services, and what is believed of what they send.

/// What of a request goes to other services, and what is believed of what they send.
///
/// ```
/// use ragspan::propagation::Policy;
///
/// // Between services of our own: the user's and the tenant's id go along.
/// let inside = Policy::new().baggage(["request_id", "user_id", "tenant_id"]);
/// // At a public edge: anybody could put requests into anybody's trace.
/// let edge = Policy::new().trust(false);
/// let config = ragspan::Config::default().propagation(edge);
/// # drop((inside, config));
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) trust: bool,
    pub(crate) baggage: Vec<&'static str>,
    pub(crate) langsmith: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            trust: true,
            baggage: vec!["request_id"],
            langsmith: false,
        }
    }
}

impl Policy {
    /// Callers are believed, the request's id travels, and LangSmith's header is sent on where a request came with it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a caller's trace goes on here, and its baggage is taken. If not, a new trace begins that names the caller's.
    #[must_use]
    pub fn trust(mut self, trust: bool) -> Self {
        self.trust = trust;
        self
    }

    /// The fields of a request that travel as baggage, both ways. They go with every call that [`inject`](crate::propagation::inject)
    /// writes headers for, also to strangers.
    #[must_use]
    pub fn baggage(mut self, fields: impl IntoIterator<Item = &'static str>) -> Self {
        self.baggage = fields.into_iter().collect();
        self
    }

    /// Sends LangSmith's header with every call, and not only where a request came with it: for services that are traced by its
    /// client.
    #[must_use]
    pub fn langsmith(mut self, always: bool) -> Self {
        self.langsmith = always;
        self
    }
}
