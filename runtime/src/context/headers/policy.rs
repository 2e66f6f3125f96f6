//! The propagation policy: which request data is sent to other services, and which inbound data is trusted.

/// Decides which request data is sent to other services, and whether inbound headers are trusted.
///
/// ```
/// use ragspan::propagation::Policy;
///
/// // Between internal services: the user id and the tenant id are sent along.
/// let internal = Policy::new().baggage(["request_id", "user_id", "tenant_id"]);
/// // At a public edge: any client could add requests to any trace.
/// let edge = Policy::new().trust(false);
/// let config = ragspan::Config::default().propagation(edge);
/// # drop((internal, config));
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
    /// Returns the default policy: callers are trusted, the request id is sent as baggage, and LangSmith's header is
    /// continued if the request came with one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether to continue a caller's trace and accept its baggage. If not, a new trace starts, whose records
    /// link to the caller's trace.
    #[must_use]
    pub fn trust(mut self, trust: bool) -> Self {
        self.trust = trust;
        self
    }

    /// Sets the request fields that are sent and accepted as baggage. They are sent with every outbound call for which
    /// [`inject`](crate::propagation::inject) writes headers, including calls to external services.
    #[must_use]
    pub fn baggage(mut self, fields: impl IntoIterator<Item = &'static str>) -> Self {
        self.baggage = fields.into_iter().collect();
        self
    }

    /// Sets whether to send LangSmith's header with every call, and not only if the request came with one. This is
    /// for services traced by LangSmith's client.
    #[must_use]
    pub fn langsmith(mut self, always: bool) -> Self {
        self.langsmith = always;
        self
    }
}
