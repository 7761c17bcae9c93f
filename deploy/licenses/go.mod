module github.com/moodring/moodring/deploy/licenses

go 1.26.0
