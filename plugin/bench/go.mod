module github.com/moodring/moodring/plugin/bench

go 1.26.0

require (
	github.com/moodring/moodring v0.0.0-00010101000000-000000000000
	github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20250212164326-ab4161dcf924
)

require golang.org/x/sys v0.50.0 // indirect

replace github.com/moodring/moodring => ../..
