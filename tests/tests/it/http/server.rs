//! Real servers on loopback, all of whose tasks belong to the capture of the test and are awaited.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use ragspan::testing::Captured;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower_service::Service;

/// The versions of HTTP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Version {
    One,
    Two,
}

/// An executor that keeps the spawned tasks, to await them.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Tasks {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap().push(ragspan::task::spawn(task));
    }

    /// Awaits all tasks, and those that they spawn; a panicked task counts as completed.
    pub(super) async fn end(&self) {
        loop {
            let Some(task) = self.0.lock().unwrap().pop() else {
                return;
            };
            let _panicked = task.await;
        }
    }
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(async move {
            task.await;
        });
    }
}

/// Serves this number of connections; `tasks` ends when they are closed.
pub(super) async fn serve<S, B>(
    version: Version,
    connections: usize,
    service: S,
    tasks: &Tasks,
) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let own = tasks.clone();
    tasks.spawn(async move {
        for _ in 0..connections {
            let (stream, _) = listener.accept().await.unwrap();
            let (stream, service) = (
                TokioIo::new(stream),
                TowerToHyperService::new(service.clone()),
            );
            let tasks = own.clone();
            own.spawn(async move {
                // A closed connection is an error of the server, which other tests check.
                let _ended = match version {
                    Version::One => {
                        let server = hyper::server::conn::http1::Builder::new();
                        server.serve_connection(stream, service).await
                    }
                    Version::Two => {
                        let mut server = hyper::server::conn::http2::Builder::new(tasks);
                        server.max_concurrent_streams(20_000);
                        server.serve_connection(stream, service).await
                    }
                };
            });
        }
    });
    address
}

/// One connection; it is closed when this is dropped.
#[derive(Clone)]
pub(super) enum Client {
    One(Arc<tokio::sync::Mutex<hyper::client::conn::http1::SendRequest<String>>>),
    Two(hyper::client::conn::http2::SendRequest<String>),
}

impl Client {
    pub(super) async fn connect(version: Version, to: SocketAddr) -> Self {
        let stream = TokioIo::new(TcpStream::connect(to).await.unwrap());
        match version {
            Version::One => {
                let (client, connection) =
                    hyper::client::conn::http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                Self::One(Arc::new(tokio::sync::Mutex::new(client)))
            }
            Version::Two => {
                let executor = hyper_util::rt::TokioExecutor::new();
                let mut client = hyper::client::conn::http2::Builder::new(executor);
                client.initial_max_send_streams(20_000);
                let (client, connection) = client.handshake(stream).await.unwrap();
                tokio::spawn(connection);
                Self::Two(client)
            }
        }
    }

    pub(super) async fn send(&self, request: Request<String>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::One(client) => client.lock().await.send_request(request).await,
            Self::Two(client) => client.clone().send_request(request).await,
        }
    }
}

/// Runs the test against a server of this version, which takes one connection.
pub(super) async fn on<S, B, F>(
    version: Version,
    service: S,
    test: impl Fn(Client) -> F,
) -> (F::Output, Captured)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    F: Future,
{
    ragspan::testing::capture_async(async {
        let tasks = Tasks::default();
        let address = serve(version, 1, service, &tasks).await;
        let result = test(Client::connect(version, address).await).await;
        tasks.end().await;
        result
    })
    .await
}

/// Runs the test against one server of each version.
pub(super) async fn each<S, B, F>(
    service: impl Fn() -> S,
    test: impl Fn(Client) -> F,
) -> [(F::Output, Captured); 2]
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    F: Future,
{
    [
        on(Version::One, service(), &test).await,
        on(Version::Two, service(), &test).await,
    ]
}
