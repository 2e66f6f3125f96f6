// Handlers of web frameworks, and similar traits.

//# shape axum handler
//# args n: value
//# prelude
//# returns opaque
//# drive success => served(f)
use axum::extract::{Path, State};
use axum::handler::Handler;

#[rag]
async fn f(State(index): State<u8>, Path(n): Path<u8>) -> Result<String, axum::http::StatusCode> {
    pause().await;
    index.checked_sub(n).map(|n| n.to_string()).ok_or(axum::http::StatusCode::BAD_REQUEST)
}

fn served<T>(_: impl Handler<T, u8>) -> u16 {
    let (State(index), Path(n)) = (State(3), Path(1));
    let response = now(f(State(index), Path(n)));
    axum::response::IntoResponse::into_response(response).status().as_u16()
}

//# shape axum handler that runs
//# prelude
//# returns opaque
//# drive success => called(f, 3)
//# drive error => called(f, 0)
use axum::extract::State;
use axum::handler::Handler;

#[rag]
async fn f(State(index): State<u8>, body: String) -> Result<String, (axum::http::StatusCode, String)> {
    pause().await;
    if index == 0 {
        return Err((axum::http::StatusCode::BAD_REQUEST, body));
    }
    Ok(body)
}

fn called<T>(handler: impl Handler<T, u8>, state: u8) -> u16 {
    let request = axum::extract::Request::new(axum::body::Body::from("text"));
    now(handler.call(request, state)).status().as_u16()
}

//# shape axum handler, debug_handler above
//# prelude
//# returns opaque
//# drive success => called(f)
use axum::extract::State;
use axum::handler::Handler;

#[axum::debug_handler(state = u8)]
#[rag]
async fn f(State(index): State<u8>, body: String) -> String {
    pause().await;
    format!("{index}{body}")
}

fn called<T>(handler: impl Handler<T, u8>) -> u16 {
    let request = axum::extract::Request::new(axum::body::Body::from("text"));
    now(handler.call(request, 1)).status().as_u16()
}

//# shape axum handler, debug_handler below
//# prelude
//# returns opaque
//# drive success => called(f)
use axum::extract::State;
use axum::handler::Handler;

#[rag]
#[axum::debug_handler(state = u8)]
async fn f(State(index): State<u8>, body: String) -> String {
    pause().await;
    format!("{index}{body}")
}

fn called<T>(handler: impl Handler<T, u8>) -> u16 {
    let request = axum::extract::Request::new(axum::body::Body::from("text"));
    now(handler.call(request, 1)).status().as_u16()
}

//# shape axum handler with a Json body and impl IntoResponse
//# prelude
//# returns opaque
//# drive success => called(f)
use axum::extract::{Extension, Json, State};
use axum::handler::Handler;
use axum::response::IntoResponse;

#[rag]
async fn f(
    State(index): State<u8>,
    Extension(_): Extension<u8>,
    Json(mut list): Json<Vec<u8>>,
) -> impl IntoResponse {
    pause().await;
    list.push(index);
    Json(list)
}

fn called<T>(handler: impl Handler<T, u8>) -> u16 {
    let mut request = axum::extract::Request::new(axum::body::Body::from("[1]"));
    let json = axum::http::HeaderValue::from_static("application/json");
    request.headers_mut().insert(axum::http::header::CONTENT_TYPE, json);
    request.extensions_mut().insert(7_u8);
    now(handler.call(request, 1)).status().as_u16()
}

//# shape axum middleware
//# prelude
//# returns opaque
//# drive success => { let _ = axum::Router::<()>::new().layer(axum::middleware::from_fn(f)); now(g(1)) }
#[rag]
async fn f(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
    next.run(request).await
}

#[rag]
async fn g(n: u8) -> u8 {
    pause().await;
    n
}

//# shape tonic handler, by hand
//# args request: debug
//# prelude
//# returns result
//# drive success => now(sendable(Greeter.greet(Request(1)))).map(|response| response.0)
//# drive error => now(Greeter.greet(Request(0))).map(|response| response.0)
// The trait as tonic-build generates it, and the impl as its users write it.
#[derive(Debug)]
struct Request<T>(T);

#[derive(Debug)]
struct Response<T>(T);

#[derive(Debug)]
struct Status(&'static str);

impl Display for Status {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.0)
    }
}

impl Error for Status {}

#[async_trait::async_trait]
trait Greet: Send + Sync + 'static {
    async fn greet(&self, request: Request<u8>) -> Result<Response<u8>, Status>;
}

struct Greeter;

#[async_trait::async_trait]
impl Greet for Greeter {
    #[rag]
    async fn greet(&self, request: Request<u8>) -> Result<Response<u8>, Status> {
        pause().await;
        let Request(n) = request;
        n.checked_sub(1).map(Response).ok_or(Status("nothing"))
    }
}

//# shape tonic server streaming, by hand
//# args request: debug
//# prelude
//# returns opaque
//# drive success => now(Greeter.list(Request(2))).map(|response| items(response.0))
#[derive(Debug)]
struct Request<T>(T);

struct Response<T>(T);

#[async_trait::async_trait]
trait Greet: Send + Sync + 'static {
    type ListStream: Stream<Item = Result<u8, Failed>> + Send + 'static;

    async fn list(&self, request: Request<u8>) -> Result<Response<Self::ListStream>, Failed>;
}

struct Greeter;

#[async_trait::async_trait]
impl Greet for Greeter {
    type ListStream = Pin<Box<dyn Stream<Item = Result<u8, Failed>> + Send>>;

    #[rag]
    async fn list(&self, request: Request<u8>) -> Result<Response<Self::ListStream>, Failed> {
        pause().await;
        let Request(n) = request;
        Ok(Response(Box::pin(async_stream::stream! {
            for item in 0..n {
                yield Ok(item);
            }
        })))
    }
}

//# shape actix handler, by hand
//# args id: debug
//# returns opaque
//# drive success => now(Handler::call(&f, (Data(1), Path(2))))
//# drive error => now(Handler::call(&f, (Data(0), Path(2))))
// Like actix-web's `Handler`: a function of extractors whose future need not be `Send`.
struct Data<T>(T);

#[derive(Debug)]
struct Path<T>(T);

trait Handler<Arguments> {
    type Output;
    type Fut: Future<Output = Self::Output>;

    fn call(&self, arguments: Arguments) -> Self::Fut;
}

impl<F, A, B, R> Handler<(A, B)> for F
where
    F: Fn(A, B) -> R,
    R: Future,
{
    type Output = R::Output;
    type Fut = R;

    fn call(&self, (one, other): (A, B)) -> R {
        self(one, other)
    }
}

#[rag]
async fn f(data: Data<u8>, id: Path<u8>) -> Result<u8, Failed> {
    let shared = Rc::new(data.0);
    pause().await;
    shared.checked_sub(1).map(|n| n + id.0).ok_or(Failed(0))
}

//# shape tower service call, by hand
//# args request: value
//# returns result
//# drive success => now(sendable(Echo(2).call(1)))
//# drive error => now(Echo(0).call(1))
trait Service<R> {
    type Response;
    type Error;
    type Fut: Future<Output = Result<Self::Response, Self::Error>>;

    fn call(&mut self, request: R) -> Self::Fut;
}

struct Echo(u8);

impl Service<u8> for Echo {
    type Response = u8;
    type Error = Failed;
    type Fut = BoxFuture<'static, Result<u8, Failed>>;

    #[rag]
    fn call(&mut self, request: u8) -> Self::Fut {
        let left = self.0;
        Box::pin(async move {
            pause().await;
            left.checked_sub(request).ok_or(Failed(request))
        })
    }
}
