package board

// Limits of drift, by which a report judges a mix of labels as the alerts do.
const (
	IndexWarning        = psiWarning
	IndexGreat          = psiGreat
	SmallestShare       = smallestShare
	PredictionsPerLabel = predictionsPerLabel
)
