module github.com/moodring/moodring/plugin/bench

go 1.26.0

require (
	github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20250212164326-ab4161dcf924
	golang.org/x/sys v0.49.0
)
