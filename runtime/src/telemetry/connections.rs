//! The open connections of the listener: bounded in number, and cut off where they stand in the way of others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::Notify;

/// The most connections at once.
const MAX_CONNECTIONS: usize = 64;

/// One open connection; the drop of its task's handle ends it.
#[derive(Debug, Default)]
pub(super) struct Connection {
    has_request: AtomicBool,
    cut: Notify,
}

impl Connection {
    /// Notes that the request has arrived: the connection is no longer idle.
    pub(super) fn set_request(&self) {
        self.has_request.store(true, Ordering::Relaxed);
    }

    /// Makes [`until_cut`](Self::until_cut) return.
    pub(super) fn cut(&self) {
        self.cut.notify_one();
    }

    /// Waits until the connection has to end.
    pub(super) async fn until_cut(&self) {
        self.cut.notified().await;
    }

    fn is_idle(&self) -> bool {
        !self.has_request.load(Ordering::Relaxed)
    }
}

/// The open connections, oldest first.
#[derive(Debug, Default)]
pub(super) struct Connections(VecDeque<Weak<Connection>>);

impl Connections {
    /// Adds a connection. If there are too many, cuts off the oldest that has sent no request, or else the oldest.
    pub(super) fn add(&mut self) -> Arc<Connection> {
        self.0.retain(|connection| connection.strong_count() > 0);
        if self.0.len() >= MAX_CONNECTIONS {
            self.cut_one();
        }
        let connection = Arc::new(Connection::default());
        self.0.push_back(Arc::downgrade(&connection));
        connection
    }

    fn cut_one(&mut self) {
        let is_idle = |connection: &Connection| connection.is_idle();
        let idle = self.0.iter().position(|connection| {
            let connection = connection.upgrade();
            connection.is_none_or(|connection| is_idle(&connection))
        });
        let oldest = self.0.remove(idle.unwrap_or(0));
        if let Some(oldest) = oldest.and_then(|oldest| oldest.upgrade()) {
            oldest.cut();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_cut(connection: &Connection) -> bool {
        let mut until_cut = std::pin::pin!(connection.until_cut());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        until_cut.as_mut().poll(&mut task).is_ready()
    }

    /// Returns the indexes of the connections that were cut off.
    fn indexes_of_cut(open: &[Arc<Connection>]) -> Vec<usize> {
        (0..open.len())
            .filter(|index| is_cut(&open[*index]))
            .collect()
    }

    #[test]
    fn beyond_the_limit_the_oldest_idle_connection_is_cut_off() {
        let mut connections = Connections::default();
        let mut open: Vec<_> = (0..MAX_CONNECTIONS).map(|_| connections.add()).collect();
        open[0].set_request();
        assert_eq!(indexes_of_cut(&open), [0; 0]);
        open.extend([connections.add(), connections.add()]);
        assert_eq!(indexes_of_cut(&open), [1, 2]);
    }

    #[test]
    fn if_none_is_idle_the_oldest_connection_is_cut_off() {
        let mut connections = Connections::default();
        let open: Vec<_> = (0..MAX_CONNECTIONS).map(|_| connections.add()).collect();
        open.iter().for_each(|connection| connection.set_request());
        let _newest = connections.add();
        assert_eq!(indexes_of_cut(&open), [0]);
    }

    #[test]
    fn an_ended_connection_makes_room() {
        let mut connections = Connections::default();
        let mut open: Vec<_> = (0..MAX_CONNECTIONS).map(|_| connections.add()).collect();
        drop(open.pop());
        open.push(connections.add());
        assert_eq!(indexes_of_cut(&open), [0; 0]);
    }
}
